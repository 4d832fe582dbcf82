/* The Ksock functions, each as the C API specification says it, by the cases of the library. */
#define _GNU_SOURCE
#include "bus.h"

TEST("V-02: next_msg says 1 and the length if there is a message, and 0 if not") {
    kbus_ksock_t ksock = new_listener("$.Fred");
    uint32_t length = 9;
    CHECK_EQUAL(kbus_ksock_next_msg(ksock, &length), 0);
    CHECK_EQUAL(length, 0);
    announce(ksock, "$.Fred", "data");
    CHECK_EQUAL(kbus_ksock_next_msg(ksock, &length), 1);
    CHECK_EQUAL(length, KBUS_ENTIRE_MSG_LEN(6, 4));
    CHECK_EQUAL(kbus_ksock_next_msg(ksock, &length), 0);
    CHECK_EQUAL(length, 0);
}

TEST("V-03: read_next_msg says 0 and null if nothing is queued") {
    kbus_ksock_t ksock = new_ksock();
    kbus_message_t something, *message = &something;
    CHECK_EQUAL(kbus_ksock_read_next_msg(ksock, &message), 0);
    CHECK(message == NULL);
}

TEST("V-04: read_msg of a message that has been read, or of more than is left, is EBADMSG") {
    kbus_ksock_t ksock = new_listener("$.Fred");
    kbus_message_t something, *message = &something;
    uint32_t length;
    CHECK_FAILS(kbus_ksock_read_msg(ksock, &message, 100), EBADMSG);
    CHECK(message == NULL);
    announce(ksock, "$.Fred", "data");
    CHECK_EQUAL(kbus_ksock_next_msg(ksock, &length), 1);
    CHECK_EQUAL(kbus_ksock_read_msg(ksock, &message, length), 0);
    check_entire(message, "$.Fred", "data", 4);
    kbus_msg_delete(&message);
    message = &something;
    CHECK_FAILS(kbus_ksock_read_msg(ksock, &message, length), EBADMSG);
    CHECK(message == NULL);
    announce(ksock, "$.Fred", "data");
    CHECK_EQUAL(kbus_ksock_next_msg(ksock, &length), 1);
    message = &something;
    CHECK_FAILS(kbus_ksock_read_msg(ksock, &message, length + 1), EBADMSG);
    CHECK(message == NULL);
}

static void check_setting(int (*setting)(kbus_ksock_t, uint32_t)) {
    kbus_ksock_t ksock = new_ksock();
    CHECK_EQUAL(setting(ksock, ASK), 0);
    CHECK_EQUAL(setting(ksock, 1), 0);
    CHECK_EQUAL(setting(ksock, ASK), 1);
    CHECK_EQUAL(setting(ksock, 1), 0);
    CHECK_EQUAL(setting(ksock, 0), 0);
    CHECK_EQUAL(setting(ksock, ASK), 0);
    CHECK_FAILS(setting(ksock, 2), EINVAL);
    CHECK_FAILS(setting(ksock, 0xFFFFFFFE), EINVAL);
    CHECK_EQUAL(setting(ksock, ASK), 0);
}

TEST("V-07, O-01, O-02: only_once sets and says 0, asks and says the state, and refuses other numbers") {
    check_setting(kbus_ksock_only_once);
}
TEST("Q-01: report_replier_binds sets, asks and refuses likewise") { check_setting(kbus_ksock_report_replier_binds); }
TEST("T-04: kernel_module_verbose sets, asks and refuses likewise") { check_setting(kbus_ksock_kernel_module_verbose); }

TEST("V-09, B-22 to B-25: find_replier says 0 whether there is one or not; exact names only") {
    kbus_ksock_t replier = new_replier("$.W.*"), listener = new_listener("$.L");
    char long_name[1002] = "$.";
    uint32_t id = 99;
    CHECK_EQUAL(replier_of(listener, "$.W.*"), ksock_id(replier));
    CHECK_EQUAL(kbus_ksock_find_replier(listener, "$.W.A", &id), 0);
    CHECK_EQUAL(id, 0);
    CHECK_EQUAL(replier_of(listener, "$.None"), 0);
    CHECK_EQUAL(replier_of(listener, "$.L"), 0);
    CHECK_EQUAL(replier_of(listener, "xx"), 0);
    memset(long_name + 2, 'a', 999);
    CHECK_FAILS(kbus_ksock_find_replier(listener, long_name, &id), ENAMETOOLONG);
    CHECK_FAILS(kbus_ksock_find_replier(listener, "", &id), ENAMETOOLONG);
}

TEST("V-10, M-02, M-08: a send that fails with EAGAIN tells the id, and keeps it when it succeeds") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id = { 7, 7 }, last, again = { 7, 7 };
    fill_up(listener, sender, "$.F");
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK_EQUAL(kbus_ksock_last_msg_id(sender, &last), 0);
    CHECK_EQUAL(kbus_msg_compare_ids(&id, &last), 0);
    CHECK_EQUAL(id.network_id, 0);
    CHECK_EQUAL(id.serial_num, 2);
    CHECK_FAILS(kbus_ksock_send(sender, &again), EAGAIN);
    CHECK_EQUAL(kbus_msg_compare_ids(&again, &id), 0);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=filler>");
    again = (kbus_msg_id_t){ 7, 7 };
    CHECK_EQUAL(kbus_ksock_send(sender, &again), 0);
    CHECK_EQUAL(kbus_msg_compare_ids(&again, &id), 0);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:2] from=1 flags=0x100 aWT data=try>");
}

TEST("a send that fails otherwise leaves the caller's id alone") {
    kbus_ksock_t sender = new_ksock();
    kbus_msg_id_t id = { 7, 8 };
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_FAILS(try_to_send(sender, "$.None", KBUS_BIT_WANT_A_REPLY, &id), EADDRNOTAVAIL);
    CHECK_EQUAL(id.network_id, 7);
    CHECK_EQUAL(id.serial_num, 8);
}

TEST("V-12: wait_for_message says what a Ksock is ready for, of what was asked") {
    kbus_ksock_t ksock = new_listener("$.F");
    CHECK_EQUAL(kbus_wait_for_message(ksock, KBUS_KSOCK_WRITABLE), KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(kbus_wait_for_message(ksock, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE), KBUS_KSOCK_WRITABLE);
    announce(ksock, "$.F", NULL);
    CHECK_EQUAL(kbus_wait_for_message(ksock, KBUS_KSOCK_READABLE), KBUS_KSOCK_READABLE);
    CHECK_EQUAL(kbus_wait_for_message(ksock, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE), 3);
}

TEST("V-13: a bind event that the bus has made is taken apart") {
    kbus_ksock_t listener = new_listener(KBUS_MSG_NAME_REPLIER_BIND_EVENT), replier;
    uint32_t is_bind, binder;
    char *name;
    CHECK_EQUAL(kbus_ksock_report_replier_binds(listener, 1), 0);
    replier = new_replier("$.Fred");
    kbus_message_t *event = take(listener);
    CHECK_EQUAL(kbus_msg_split_bind_event(event, &is_bind, &binder, &name), 0);
    CHECK_EQUAL(is_bind, 1);
    CHECK_EQUAL(binder, ksock_id(replier));
    CHECK_TEXT(name, "$.Fred");
    free(name);
    kbus_msg_delete(&event);
    CHECK_EQUAL(kbus_ksock_unbind(replier, "$.Fred", 1), 0);
    CHECK_NEXT(listener, "<ReplierBindEvent id=[0:2] flags=0x204 SYN aFL data= [Unbind '$.Fred' for 2]>");
}

TEST("A-02: a bus that is not there is ENOENT, by number and by name") {
    CHECK_FAILS(kbus_ksock_open(3, O_RDWR), ENOENT);
    CHECK_FAILS(kbus_ksock_open((uint32_t)-1, O_RDONLY), ENOENT);
    CHECK_FAILS(kbus_ksock_open_by_name("/dev/kbus3", O_RDWR), ENOENT);
    const char *const names[] = {
        "", "kbus0", "/dev/kbus", "/dev/kbus-1", "/dev/kbus0x", "/dev/kbus 0", "/dev/kbus256", "/dev/kbus4294967296",
    };
    for (size_t which = 0; which < sizeof names / sizeof *names; which++) {
        CHECK_FAILS(kbus_ksock_open_by_name(names[which], O_RDWR), ENOENT);
    }
}

TEST("a Ksock is opened by number or by name; flags other than the mode do not matter") {
    CHECK_EQUAL(ksock_id(kbus_ksock_open(0, O_RDWR | O_NONBLOCK | O_CREAT | O_TRUNC | O_EXCL)), 1);
    CHECK_EQUAL(ksock_id(kbus_ksock_open_by_name("/dev/kbus0", O_RDWR | O_APPEND)), 2);
}

TEST("A-04, A-13: ids are not used again; nothing sent yet is {0,0}") {
    kbus_ksock_t first = new_ksock(), second = new_ksock();
    kbus_msg_id_t id = { 1, 1 };
    CHECK_EQUAL(ksock_id(first), 1);
    CHECK_EQUAL(ksock_id(second), 2);
    CHECK_EQUAL(kbus_ksock_close(first), 0);
    CHECK_EQUAL(ksock_id(new_ksock()), 3);
    CHECK_EQUAL(kbus_ksock_last_msg_id(second, &id), 0);
    CHECK_EQUAL(id.network_id | id.serial_num, 0);
}

TEST("A-07 to A-11: a read-only Ksock can do all but write") {
    kbus_ksock_t reader = kbus_ksock_open(0, O_RDONLY), sender = new_ksock();
    kbus_message_t message = pointy("$.F", NULL);
    kbus_msg_id_t id;
    uint32_t value = 9;
    CHECK_FAILS(write_bytes(reader, &message, 4), EBADF);
    CHECK_FAILS(kbus_ksock_write_msg(reader, &message), EBADF);
    CHECK_FAILS(kbus_ksock_send_msg(reader, &message, &id), EBADF);
    CHECK_FAILS(kbus_ksock_send(reader, &id), ENOMSG);
    CHECK_EQUAL(kbus_ksock_next_msg(reader, &value), 0);
    CHECK_EQUAL(kbus_ksock_bind(reader, "$.F", 0), 0);
    CHECK_EQUAL(kbus_ksock_bind(reader, "$.Q", 1), 0);
    CHECK_EQUAL(kbus_ksock_discard(reader), 0);
    value = 5;
    CHECK_EQUAL(kbus_ksock_max_messages(reader, &value), 0);
    value = 0;
    CHECK_EQUAL(kbus_ksock_max_message_size(reader, &value), 0);
    ask(sender, "$.Q", "x");
    CHECK_NEXT(reader, "<Request '$.Q' id=[0:1] from=2 flags=0x3 REQ YOU data=x>");
    CHECK_EQUAL(kbus_ksock_num_unreplied_to(reader, &value), 0);
    CHECK_EQUAL(value, 1);
}

TEST("A-12: a write-only Ksock goes on to the next message, but does not read") {
    kbus_ksock_t writer = kbus_ksock_open(0, O_WRONLY);
    uint32_t length;
    kbus_message_t something, *message = &something;
    CHECK_EQUAL(kbus_ksock_bind(writer, "$.F", 0), 0);
    announce(writer, "$.F", NULL);
    CHECK_EQUAL(kbus_ksock_next_msg(writer, &length), 1);
    CHECK_EQUAL(length, KBUS_ENTIRE_MSG_LEN(3, 0));
    CHECK_FAILS(kbus_ksock_read_msg(writer, &message, length), EBADF);
    CHECK(message == NULL);
}

TEST("A-14: what is not an open Ksock is EBADF in every call") {
    kbus_ksock_t closed = new_ksock();
    CHECK_EQUAL(kbus_ksock_close(closed), 0);
    int ksocks[] = { -1, closed, 100000, INT32_MIN, open("/dev/null", O_RDWR), 0 };
    for (size_t which = 0; which < sizeof ksocks / sizeof *ksocks; which++) {
        int ksock = ksocks[which];
        uint32_t value = 0;
        kbus_msg_id_t id;
        kbus_message_t message = pointy("$.F", NULL), *read = NULL;
        CHECK_FAILS(kbus_ksock_close(ksock), EBADF);
        CHECK_FAILS(kbus_ksock_bind(ksock, "$.F", 0), EBADF);
        CHECK_FAILS(kbus_ksock_unbind(ksock, "$.F", 0), EBADF);
        CHECK_FAILS(kbus_ksock_id(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_next_msg(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_len_left(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_last_msg_id(ksock, &id), EBADF);
        CHECK_FAILS(kbus_ksock_find_replier(ksock, "$.F", &value), EBADF);
        CHECK_FAILS(kbus_ksock_max_messages(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_num_messages(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_num_unreplied_to(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_send(ksock, &id), EBADF);
        CHECK_FAILS(kbus_ksock_discard(ksock), EBADF);
        CHECK_FAILS(kbus_ksock_only_once(ksock, 1), EBADF);
        CHECK_FAILS(kbus_ksock_report_replier_binds(ksock, 1), EBADF);
        CHECK_FAILS(kbus_ksock_kernel_module_verbose(ksock, 1), EBADF);
        CHECK_FAILS(kbus_ksock_max_message_size(ksock, &value), EBADF);
        CHECK_FAILS(kbus_ksock_new_device(ksock, &value), EBADF);
        CHECK_FAILS(kbus_wait_for_message(ksock, KBUS_KSOCK_READABLE), EBADF);
        CHECK_FAILS(kbus_ksock_read_msg(ksock, &read, 100), EBADF);
        CHECK_FAILS(kbus_ksock_read_next_msg(ksock, &read), EBADF);
        CHECK_FAILS(kbus_ksock_write_msg(ksock, &message), EBADF);
        CHECK_FAILS(write_bytes(ksock, &message, 4), EBADF);
        CHECK_FAILS(kbus_ksock_send_msg(ksock, &message, &id), EBADF);
    }
}

TEST("null where a place or a name should be fails, and does not crash") {
    kbus_ksock_t ksock = new_ksock();
    CHECK(kbus_ksock_open_by_name(NULL, O_RDWR) < 0);
    CHECK(kbus_ksock_bind(ksock, NULL, 0) < 0);
    CHECK(kbus_ksock_unbind(ksock, NULL, 0) < 0);
    CHECK(kbus_ksock_id(ksock, NULL) < 0);
    CHECK(kbus_ksock_next_msg(ksock, NULL) < 0);
    CHECK(kbus_ksock_len_left(ksock, NULL) < 0);
    CHECK(kbus_ksock_last_msg_id(ksock, NULL) < 0);
    CHECK(kbus_ksock_find_replier(ksock, "$.F", NULL) < 0);
    CHECK(kbus_ksock_find_replier(ksock, NULL, NULL) < 0);
    CHECK(kbus_ksock_max_messages(ksock, NULL) < 0);
    CHECK(kbus_ksock_num_messages(ksock, NULL) < 0);
    CHECK(kbus_ksock_num_unreplied_to(ksock, NULL) < 0);
    CHECK(kbus_ksock_max_message_size(ksock, NULL) < 0);
    CHECK(kbus_ksock_new_device(ksock, NULL) < 0);
    CHECK(kbus_ksock_read_msg(ksock, NULL, 100) < 0);
    CHECK(kbus_ksock_read_next_msg(ksock, NULL) < 0);
    CHECK(kbus_ksock_write_msg(ksock, NULL) < 0);
    CHECK(kbus_ksock_write_data(ksock, NULL, 10) < 0);
    CHECK(kbus_ksock_send_msg(ksock, NULL, NULL) < 0);
    CHECK_EQUAL(ksock_id(ksock), 1);
}

TEST("B-26: any number but 0 makes a Replier") {
    kbus_ksock_t ksock = new_ksock();
    CHECK_EQUAL(kbus_ksock_bind(ksock, "$.F", 2), 0);
    CHECK_EQUAL(replier_of(ksock, "$.F"), 1);
    CHECK_EQUAL(kbus_ksock_unbind(ksock, "$.F", 1), 0);
}

TEST("L-01, L-02: max_messages asks with 0, sets otherwise, and tells what is in force") {
    kbus_ksock_t ksock = new_ksock();
    const uint32_t given[] = { 0, 200, 0, 100 }, told[] = { 100, 200, 200, 100 };
    for (int at = 0; at < 4; at++) {
        uint32_t value = given[at];
        CHECK_EQUAL(kbus_ksock_max_messages(ksock, &value), 0);
        CHECK_EQUAL(value, told[at]);
    }
}

TEST("F-01 to F-03: max_message_size asks, sets and refuses") {
    kbus_ksock_t ksock = new_ksock();
    uint32_t in_force = 0, most = 1, value = 99;
    CHECK_EQUAL(kbus_ksock_max_message_size(ksock, &in_force), 0);
    CHECK_EQUAL(kbus_ksock_max_message_size(ksock, &most), 0);
    CHECK(in_force >= 100 && most >= in_force);
    CHECK_FAILS(kbus_ksock_max_message_size(ksock, &value), EINVAL);
    value = 2;
    CHECK_FAILS(kbus_ksock_max_message_size(ksock, &value), EINVAL);
    value = most + 1;
    CHECK_FAILS(kbus_ksock_max_message_size(ksock, &value), EINVAL);
    value = 100;
    CHECK_EQUAL(kbus_ksock_max_message_size(ksock, &value), 0);
    CHECK_EQUAL(value, 100);
    value = 0;
    CHECK_EQUAL(kbus_ksock_max_message_size(new_ksock(), &value), 0);
    CHECK_EQUAL(value, 100);
}

TEST("T-01, A-05: a new device can be opened at once, and counts from 1") {
    kbus_ksock_t ksock = new_ksock();
    uint32_t number = 0, next = 0;
    CHECK_EQUAL(kbus_ksock_new_device(ksock, &number), 0);
    CHECK_EQUAL(number, 1);
    kbus_ksock_t other = kbus_ksock_open(number, O_RDWR);
    CHECK_EQUAL(ksock_id(other), 1);
    CHECK_EQUAL(kbus_ksock_new_device(other, &next), 0);
    CHECK_EQUAL(next, 2);
}

TEST("H-01 to H-07: a Request, its marked copy, its Reply") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q"), listener = new_listener("$.Q");
    uint32_t owed;
    ask(sender, "$.Q", "why?");
    kbus_message_t *request = take(replier);
    CHECK(kbus_msg_wants_us_to_reply(request));
    check_entire(request, "$.Q", "why?", 4);
    answer(replier, request, "because");
    kbus_msg_delete(&request);
    CHECK_EQUAL(kbus_ksock_num_unreplied_to(replier, &owed), 0);
    CHECK_EQUAL(owed, 0);
    CHECK_NEXT(sender, "<Reply '$.Q' id=[0:2] to=1 from=2 in_reply_to=[0:1] data=because>");
    CHECK_NEXT(listener, "<Request '$.Q' id=[0:1] from=1 flags=0x1 REQ data=why?>");
    CHECK_NEXT(listener, "<Reply '$.Q' id=[0:2] to=1 from=2 in_reply_to=[0:1] data=because>");
}

TEST("K-01, K-07: a Replier that closes is answered for, as its Requests were queued or taken") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q");
    ask(sender, "$.Q", NULL);
    ask(sender, "$.Q", NULL);
    CHECK_NEXT(replier, "<Request '$.Q' id=[0:1] from=1 flags=0x3 REQ YOU>");
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
    CHECK_NEXT(sender, "<Status '$.KBUS.Replier.GoneAway' id=[0:3] to=1 from=2 in_reply_to=[0:2] flags=0x4 SYN>");
    CHECK_NEXT(sender, "<Status '$.KBUS.Replier.Ignored' id=[0:4] to=1 from=2 in_reply_to=[0:1] flags=0x4 SYN>");
    CHECK_NOTHING(sender);
}
