/* A program in the original's manner, which takes all of libc that it uses from the one header. */
#include <libkbus/kbus.h>

int program_of_old(void);

int program_of_old(void) {
    char text[32];
    uint8_t *bytes = malloc(4);
    __u32 length = 4;
    assert(bytes != NULL);
    memset(bytes, 'x', length);
    snprintf(text, sizeof text, "%.*s", (int)length, (char *)bytes);
    free(bytes);
    errno = 0;
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || write(null, text, strlen(text)) != 4 || close(null) < 0) printf("errno %d\n", errno);
    if (_IOC_NR(KBUS_IOC_BIND) != 2) return 1;
    return strcmp(text, "xxxx");
}
