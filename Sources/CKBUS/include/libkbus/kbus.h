/* The spelling of the original's own tools. */
#include "../kbus/kbus.h"
