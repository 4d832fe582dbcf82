/*
 * The harness of the C tests. Each test is a process of its own with a bus directory of its own, so that a crash is one
 * failure and no test sees what another left behind. What a test opens it need not close: it ends with its process.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct check_test {
    const char *title;
    void (*run)(void);
    struct check_test *next;
};

void check_register(struct check_test *test);
/* Each says what is wrong and ends the test, or returns. */
void check_true(int holds, const char *what, const char *file, int line);
void check_equal(int64_t actual, int64_t expected, const char *what, const char *file, int line);
void check_text(const char *actual, const char *expected, const char *what, const char *file, int line);

#ifdef __cplusplus
}
#endif

#define CHECK(condition) check_true(!!(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected) check_equal((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text(actual, expected, #actual, __FILE__, __LINE__)
/* A call that fails: it returns -errno, and errno says so too. */
#define CHECK_FAILS(call, error)                                                                            \
    do {                                                                                                    \
        errno = 0;                                                                                          \
        check_equal((int64_t)(call), -(int64_t)(error), #call, __FILE__, __LINE__);                         \
        check_equal(errno, (int64_t)(error), "errno after " #call, __FILE__, __LINE__);                     \
    } while (0)

#define CHECK_JOIN_(a, b) a##b
#define CHECK_NAME_(a, line) CHECK_JOIN_(a, line)
#define CHECK_TEST_(name_of_test, name_of_entry, title_of_test)                                             \
    static void name_of_test(void);                                                                         \
    __attribute__((constructor)) static void name_of_entry(void) {                                          \
        static struct check_test test = { title_of_test, name_of_test, 0 };                                 \
        check_register(&test);                                                                              \
    }                                                                                                       \
    static void name_of_test(void)

/* TEST("a sentence that is to hold") { ... } */
#define TEST(title) CHECK_TEST_(CHECK_NAME_(test_, __LINE__), CHECK_NAME_(enter_, __LINE__), title)

#endif
