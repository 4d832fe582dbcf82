/* Making and deleting messages. */
#define _GNU_SOURCE
#include "messages.h"

#include <sys/mman.h>
#include <sys/resource.h>

static const uint32_t USER_FLAG = 1u << 20;

TEST("a pointy message keeps the caller's pointers and has zeros elsewhere") {
    const char *name = "$.Fred", *data = "abc1234";
    kbus_message_t *message = NULL, expected = pointy(name, data);
    expected.flags = KBUS_BIT_URGENT | USER_FLAG;
    CHECK_EQUAL(kbus_msg_create(&message, name, 6, data, 7, KBUS_BIT_URGENT | USER_FLAG), 0);
    CHECK(message->name == name);
    CHECK(message->data == data);
    CHECK(memcmp(message, &expected, sizeof expected) == 0);
    CHECK(!kbus_msg_is_entire(message));
    CHECK(!kbus_msg_is_request(message));
    kbus_msg_delete(&message);
    CHECK(message == NULL);
}

TEST("an entire message owns its name and data, padded with zeros: the specification's example") {
    char name[] = "$.Fred!", data[] = "abc1234!";
    kbus_message_t *message = NULL;
    CHECK_EQUAL(kbus_msg_create_entire(&message, name, 6, data, 7, KBUS_BIT_URGENT), 0);
    memset(name, 'x', sizeof name);
    memset(data, 'x', sizeof data);
    CHECK_EQUAL(kbus_msg_sizeof(message), sizeof(void *) == 8 ? 108 : 92);
    CHECK_EQUAL(message->flags, KBUS_BIT_URGENT);
    check_entire(message, "$.Fred", "abc1234", 7);
    CHECK(kbus_msg_is_entire(message));
    CHECK(kbus_msg_name_ptr(message) == (char *)(message + 1));
    CHECK(kbus_msg_data_ptr(message) == (char *)(message + 1) + 8);
    CHECK_EQUAL(*kbus_msg_end_ptr((kbus_entire_message_t *)message), KBUS_MSG_END_GUARD);
    kbus_msg_delete(&message);
    CHECK(message == NULL);
}

TEST("entire messages of all small lengths are whole, and nothing behind name and data is read") {
    const char *letters = "$.ABCDEFGHIJ", *numbers = "0123456789";
    for (uint32_t name_len = 1; name_len <= 12; name_len++) {
        for (uint32_t data_len = 0; data_len <= 10; data_len++) {
            char name[16] = "";
            kbus_message_t *message;
            memcpy(name, letters, name_len);
            CHECK_EQUAL(kbus_msg_create_entire(&message, at_the_edge(letters, name_len), name_len,
                                               at_the_edge(numbers, data_len), data_len, 0), 0);
            check_entire(message, name, numbers, data_len);
            CHECK_EQUAL(kbus_msg_sizeof(message), KBUS_ENTIRE_MSG_LEN(name_len, data_len));
            kbus_msg_delete(&message);
        }
    }
}

TEST("a Request is marked as one, besides the flags given") {
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create_request(&message, "$.Q", 3, NULL, 0, KBUS_BIT_ALL_OR_FAIL), 0);
    CHECK_EQUAL(message->flags, KBUS_BIT_ALL_OR_FAIL | KBUS_BIT_WANT_A_REPLY);
    CHECK(!kbus_msg_is_entire(message) && kbus_msg_is_request(message) && !kbus_msg_is_stateful_request(message));
    CHECK(!kbus_msg_wants_us_to_reply(message));
    kbus_msg_delete(&message);
    CHECK_EQUAL(kbus_msg_create_entire_request(&message, "$.Q", 3, "?", 1, KBUS_BIT_WANT_A_REPLY), 0);
    CHECK_EQUAL(message->flags, KBUS_BIT_WANT_A_REPLY);
    check_entire(message, "$.Q", "?", 1);
    kbus_msg_delete(&message);
}

/* A Request as its Replier reads it. */
static kbus_message_t *request_to_answer(void) {
    kbus_message_t *request;
    CHECK_EQUAL(kbus_msg_create_entire_request(&request, "$.Q", 3, "why", 3, KBUS_BIT_WANT_YOU_TO_REPLY), 0);
    request->id = (kbus_msg_id_t){ 0, 41 };
    request->from = 7;
    request->to = 8;
    request->orig_from = (kbus_orig_from_t){ 1, 2 };
    request->final_to = (kbus_orig_from_t){ 3, 4 };
    return request;
}

static void check_reply(const kbus_message_t *reply) {
    CHECK_EQUAL(reply->to, 7);
    CHECK_EQUAL(reply->from, 0);
    CHECK_EQUAL(reply->in_reply_to.network_id, 0);
    CHECK_EQUAL(reply->in_reply_to.serial_num, 41);
    CHECK_EQUAL(reply->id.serial_num, 0);
    CHECK_EQUAL(reply->orig_from.network_id | reply->orig_from.local_id, 0);
    CHECK_EQUAL(reply->final_to.network_id | reply->final_to.local_id, 0);
    CHECK_EQUAL(reply->flags, KBUS_BIT_URGENT);
    CHECK_EQUAL(reply->name_len, 3);
    CHECK_EQUAL(reply->data_len, 7);
    CHECK(kbus_msg_is_reply(reply) && !kbus_msg_is_request(reply));
}

TEST("a pointy Reply goes to the requester, under the Request's name") {
    kbus_message_t *request = request_to_answer(), *reply;
    const char *because = "because";
    CHECK_EQUAL(kbus_msg_create_reply_to(&reply, request, because, 7, KBUS_BIT_URGENT), 0);
    check_reply(reply);
    CHECK(reply->name == kbus_msg_name_ptr(request));
    CHECK(reply->data == because);
    kbus_msg_delete(&reply);
    kbus_msg_delete(&request);
}

TEST("an entire Reply borrows nothing") {
    kbus_message_t *request = request_to_answer(), *reply;
    CHECK_EQUAL(kbus_msg_create_entire_reply_to(&reply, request, "because", 7, KBUS_BIT_URGENT), 0);
    kbus_msg_delete(&request);
    check_reply(reply);
    check_entire(reply, "$.Q", "because", 7);
    kbus_msg_delete(&reply);
}

TEST("V-05, H-23, H-24: a message that is not to be answered gets no Reply") {
    kbus_message_t message = pointy("$.Q", NULL), *reply = &message;
    const uint32_t flags[] = { 0, KBUS_BIT_WANT_A_REPLY, KBUS_BIT_WANT_YOU_TO_REPLY, 0xFFFFFFFC };
    for (size_t which = 0; which < sizeof flags / sizeof *flags; which++) {
        message.flags = flags[which];
        CHECK_FAILS(kbus_msg_create_reply_to(&reply, &message, NULL, 0, 0), EBADMSG);
        CHECK_FAILS(kbus_msg_create_entire_reply_to(&reply, &message, NULL, 0, 0), EBADMSG);
        CHECK(reply == &message);
    }
}

TEST("V-06, J-06: a stateful Request after a Reply goes to who replied, and wants a reply though no flag says so") {
    kbus_message_t reply = pointy("$.Q", "yes"), *request;
    reply.in_reply_to.serial_num = 5;
    reply.from = 9;
    reply.to = 3;
    reply.orig_from = (kbus_orig_from_t){ 6, 7 };
    reply.final_to = (kbus_orig_from_t){ 1, 2 };
    CHECK_EQUAL(kbus_msg_create_stateful_request(&request, &reply, "$.Next", 6, "x", 1, 0), 0);
    memset(&reply, 0, sizeof reply);
    CHECK_EQUAL(request->flags, KBUS_BIT_WANT_A_REPLY);
    CHECK_EQUAL(request->to, 9);
    CHECK_EQUAL(request->final_to.network_id, 6);
    CHECK_EQUAL(request->final_to.local_id, 7);
    CHECK_EQUAL(request->orig_from.network_id, 0);
    CHECK(kbus_msg_is_stateful_request(request) && !kbus_msg_is_reply(request) && !kbus_msg_is_entire(request));
    CHECK_TEXT(request->name, "$.Next");
    kbus_msg_delete(&request);
}

TEST("J-07: a stateful Request after another goes where that one went") {
    kbus_message_t earlier = pointy("$.Q", NULL), *request;
    earlier.flags = KBUS_BIT_WANT_A_REPLY;
    earlier.to = 9;
    earlier.from = 3;
    earlier.final_to = (kbus_orig_from_t){ 6, 7 };
    earlier.orig_from = (kbus_orig_from_t){ 1, 2 };
    CHECK_EQUAL(kbus_msg_create_entire_stateful_request(&request, &earlier, "$.Next", 6, "x", 1, KBUS_BIT_URGENT), 0);
    CHECK_EQUAL(request->flags, KBUS_BIT_WANT_A_REPLY | KBUS_BIT_URGENT);
    CHECK_EQUAL(request->to, 9);
    CHECK_EQUAL(request->final_to.network_id, 6);
    CHECK_EQUAL(request->final_to.local_id, 7);
    check_entire(request, "$.Next", "x", 1);
    kbus_msg_delete(&request);
}

TEST("J-08: neither an Announcement nor a plain Request begins a conversation") {
    kbus_message_t earlier = pointy("$.Q", NULL), *request = &earlier;
    earlier.to = 9;
    CHECK_FAILS(kbus_msg_create_stateful_request(&request, &earlier, "$.Q", 3, NULL, 0, 0), EBADMSG);
    earlier.to = 0;
    earlier.flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_FAILS(kbus_msg_create_entire_stateful_request(&request, &earlier, "$.Q", 3, NULL, 0, 0), EBADMSG);
    CHECK(request == &earlier);
}

TEST("what making a pointy message does not check is stored as it is") {
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create(&message, "$.F", 3, "data", 0, 0), 0);
    CHECK(message->data != NULL);
    CHECK_EQUAL(message->data_len, 0);
    kbus_msg_delete(&message);
    CHECK_EQUAL(kbus_msg_create(&message, "$.F", 3, NULL, 4, 0), 0);
    CHECK(message->data == NULL);
    CHECK_EQUAL(message->data_len, 4);
    kbus_msg_delete(&message);
}

TEST("a message without a name pointer can be read as the entire message that it passes for") {
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create(&message, NULL, 6, NULL, 100000, 0), 0);
    const uint8_t *bytes = (const uint8_t *)message;
    uint8_t sum = 0;
    for (int at = (int)sizeof *message; at < kbus_msg_sizeof(message); at++) sum |= bytes[at];
    CHECK_EQUAL(sum, 0);
    kbus_msg_delete(&message);
}

TEST("null where a message, its place or its parts should be is EFAULT, never a crash") {
    kbus_message_t original = pointy("$.Q", NULL), *message = &original;
    original.flags = KBUS_BIT_WANT_A_REPLY | KBUS_BIT_WANT_YOU_TO_REPLY;
    CHECK_FAILS(kbus_msg_create(NULL, "$.Q", 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_entire(NULL, "$.Q", 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_request(NULL, "$.Q", 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_entire_request(NULL, "$.Q", 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_reply_to(NULL, &original, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_reply_to(&message, NULL, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_entire_reply_to(&message, NULL, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_stateful_request(&message, NULL, "$.Q", 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_entire_stateful_request(&message, NULL, "$.Q", 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_entire(&message, NULL, 3, NULL, 0, 0), EFAULT);
    CHECK_FAILS(kbus_msg_create_entire(&message, "$.Q", 3, NULL, 1, 0), EFAULT);
    CHECK_FAILS(kbus_msg_sizeof(NULL), EFAULT);
    CHECK(message == &original);
}

TEST("V-14: deleting null, or a pointer to null, has no effect") {
    kbus_message_t *none = NULL;
    kbus_msg_delete(NULL);
    kbus_msg_delete_all(NULL);
    kbus_msg_delete(&none);
    kbus_msg_delete_all(&none);
    CHECK(none == NULL);
}

TEST("deleting all of a pointy message frees name and data; of an entire one there is only itself") {
    /* What is not freed, or freed twice, a sanitizer or valgrind finds. */
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create(&message, strdup("$.Fred"), 6, strdup("data"), 4, 0), 0);
    kbus_msg_delete_all(&message);
    CHECK(message == NULL);
    CHECK_EQUAL(kbus_msg_create(&message, strdup("$.Fred"), 6, NULL, 0, 0), 0);
    kbus_msg_delete_all(&message);
    CHECK_EQUAL(kbus_msg_create_entire(&message, "$.Fred", 6, "data", 4, 0), 0);
    kbus_msg_delete_all(&message);
    CHECK(message == NULL);
    CHECK_EQUAL(kbus_msg_create_entire(&message, "$.Fred", 6, "data", 4, 0), 0);
    free(message);
}

TEST("V-08: the size of a message is what is to be written of it") {
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create_entire(&message, "$.Fred", 6, "data", 4, 0), 0);
    CHECK_EQUAL(kbus_msg_sizeof(message), KBUS_ENTIRE_MSG_LEN(6, 4));
    CHECK_EQUAL(kbus_msg_sizeof(message), sizeof(void *) == 8 ? 104 : 88);
    kbus_msg_delete(&message);
    CHECK_EQUAL(kbus_msg_create(&message, "$.Fred", 6, "data", 4, 0), 0);
    CHECK_EQUAL(kbus_msg_sizeof(message), sizeof *message);
    kbus_msg_delete(&message);
}

TEST("lengths near the limit of 32 bits neither wrap nor crash") {
    kbus_message_t message = pointy("$.Fred", NULL);
    message.data_len = UINT32_MAX;
    CHECK_EQUAL(kbus_msg_sizeof(&message), sizeof message);
    message.name = NULL;
    const uint32_t lengths[] = { UINT32_MAX, UINT32_MAX - 1, UINT32_MAX - 3, INT32_MAX, INT32_MAX - 90 };
    for (size_t which = 0; which < sizeof lengths / sizeof *lengths; which++) {
        message.data_len = lengths[which];
        CHECK_FAILS(kbus_msg_sizeof(&message), EMSGSIZE);
    }
    message.data_len = INT32_MAX - 200;
    CHECK_EQUAL(kbus_msg_sizeof(&message), sizeof message + 8 + (INT32_MAX - 199) + 4);
    message.name_len = UINT32_MAX;
    CHECK_FAILS(kbus_msg_sizeof(&message), EMSGSIZE);
}

/* A sanitizer has taken all the address space there is. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
TEST("a message that memory has no room for is ENOMEM, and nothing of it is read") {
    struct rlimit limit = { 1u << 30, 1u << 30 };
    kbus_message_t original, *message = &original;
    CHECK_EQUAL(setrlimit(RLIMIT_AS, &limit), 0);
    CHECK_FAILS(kbus_msg_create_entire(&message, "$.Fred", 6, "", UINT32_MAX, 0), ENOMEM);
    CHECK_FAILS(kbus_msg_create_entire_request(&message, "", UINT32_MAX, "", UINT32_MAX, 0), ENOMEM);
    CHECK_FAILS(kbus_msg_create(&message, NULL, 6, NULL, UINT32_MAX, 0), ENOMEM);
    CHECK(message == &original);
}
#endif

TEST("ids are compared by network first, then by serial") {
    const kbus_msg_id_t ids[] = { { 0, 0 }, { 0, 1 }, { 0, UINT32_MAX }, { 1, 0 }, { 1, 7 }, { UINT32_MAX, 3 } };
    for (int left = 0; left < 6; left++) {
        for (int right = 0; right < 6; right++) {
            CHECK_EQUAL(kbus_msg_compare_ids(&ids[left], &ids[right]), (left > right) - (left < right));
        }
    }
}

TEST("either half of an id, and only the flags named, decide what a message is") {
    kbus_message_t message = pointy("$.Q", NULL);
    CHECK(!kbus_msg_is_reply(&message) && !kbus_msg_is_request(&message));
    message.in_reply_to.network_id = 1;
    CHECK(kbus_msg_is_reply(&message));
    message.in_reply_to = (kbus_msg_id_t){ 0, 1 };
    CHECK(kbus_msg_is_reply(&message));
    message.to = 1;
    CHECK(!kbus_msg_is_stateful_request(&message));
    message.flags = KBUS_BIT_WANT_YOU_TO_REPLY;
    CHECK(!kbus_msg_is_request(&message) && !kbus_msg_wants_us_to_reply(&message));
    message.flags |= KBUS_BIT_WANT_A_REPLY;
    CHECK(kbus_msg_is_request(&message) && kbus_msg_wants_us_to_reply(&message));
    CHECK(kbus_msg_is_stateful_request(&message));
}
