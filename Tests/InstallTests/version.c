/* Whatever the headers offer can be used from C99 and C++17 without a warning; the library is of the version expected. */
#include <kbus/kbus_shm.h>
#include <libkbus/kbus.h>

static int failures;

static void expect(int truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "wrong: %s\n", what);
    failures++;
}

/* The entire form of `$.Fred` with data "abc1234", laid out by hand. */
static void look_into_an_entire_message(void) {
    struct kbus_message_header *header;
    size_t length = KBUS_ENTIRE_MSG_LEN(6, 7);
    struct kbus_entire_message *entire = (struct kbus_entire_message *)calloc(1, length);
    expect(length == sizeof *header + 8 + 8 + 4, "KBUS_ENTIRE_MSG_LEN");
    if (entire == NULL) abort();
    header = &entire->header;
    header->start_guard = KBUS_MSG_START_GUARD;
    header->end_guard = KBUS_MSG_END_GUARD;
    header->name_len = 6;
    header->data_len = 7;
    header->flags = KBUS_BIT_WANT_A_REPLY | KBUS_BIT_WANT_YOU_TO_REPLY;
    memcpy(entire->rest, "$.Fred", 6);
    memcpy(&entire->rest[KBUS_ENTIRE_MSG_DATA_INDEX(6)], "abc1234", 7);
    *kbus_msg_end_ptr(entire) = KBUS_MSG_END_GUARD;
    expect(entire->rest[4] == KBUS_MSG_END_GUARD, "kbus_msg_end_ptr");
    expect(strcmp(kbus_msg_name_ptr(header), "$.Fred") == 0, "kbus_msg_name_ptr");
    expect(memcmp(kbus_msg_data_ptr(header), "abc1234", 8) == 0, "kbus_msg_data_ptr");
    expect(kbus_msg_is_entire(header) && kbus_msg_is_request(header), "kbus_msg_is_request");
    expect(kbus_msg_wants_us_to_reply(header) && !kbus_msg_is_stateful_request(header), "kbus_msg_wants_us_to_reply");
    expect(!kbus_msg_is_reply(header), "kbus_msg_is_reply");
    free(entire);
}

int main(void) {
    const kbus_msg_id_t earlier = {0, 7}, later = {0, 8};
    expect(kbus_msg_compare_ids(&earlier, &later) == -1, "kbus_msg_compare_ids");
    look_into_an_entire_message();
#ifdef KBUS_EXPECTED_VERSION
    expect(strcmp(kbus_version(), KBUS_EXPECTED_VERSION) == 0, "kbus_version");
#endif
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
