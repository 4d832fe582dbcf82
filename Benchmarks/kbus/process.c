/* A process that has nothing and does nothing: limit.process. */
#include "cbench_part.h"

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    cbench_idle(&part);
}
