/* Whether the address sanitizer has put its own in place of functions of the C library: then we must not. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
