/* The C face is declared here, by hand, and written in Swift (Sources/KBUSC). This file sees that the headers stand alone. */
#include "kbus/linux/kbus_defns.h"
#include "kbus/kbus_shm.h"

_Static_assert(sizeof(struct kbus_message_header) == (sizeof(void *) == 8 ? 88 : 72), "the original's layout");
_Static_assert(sizeof(struct kbus_entire_message) == sizeof(struct kbus_message_header), "the original's layout");
