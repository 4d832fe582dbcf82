/* Messages read and filled where they lie. */
#define _GNU_SOURCE
#include "bus.h"

static const int64_t FOR_EVER = -1;

TEST("a message received in place has name and data, and stays until it is released") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Fred");
    kbus_received_t *first = NULL, *second = NULL;
    announce(sender, "$.Fred", "first");
    announce(sender, "$.Fred", "second");
    CHECK_EQUAL(kbus_receive_in_place(listener, 0, &first), 1);
    CHECK_EQUAL(kbus_receive_in_place(listener, FOR_EVER, &second), 1);
    for (int count = 0; count < 200; count++) announce(sender, "$.Fred", "others");
    const kbus_message_t *message = kbus_received_message(first);
    CHECK_TEXT(message->name, "$.Fred");
    CHECK_EQUAL(message->name_len, 6);
    CHECK_EQUAL(message->data_len, 5);
    CHECK(memcmp(message->data, "first", 5) == 0);
    CHECK_EQUAL(message->start_guard, KBUS_MSG_START_GUARD);
    CHECK_EQUAL(message->end_guard, KBUS_MSG_END_GUARD);
    CHECK_EQUAL(message->id.serial_num, 1);
    CHECK_EQUAL(message->from, 1);
    CHECK(memcmp(kbus_received_message(second)->data, "second", 6) == 0);
    kbus_received_release(first);
    kbus_received_release(second);
}

TEST("a message without data received in place has no data pointer") {
    kbus_ksock_t listener = new_listener("$.Fred");
    kbus_received_t *received;
    announce(listener, "$.Fred", NULL);
    CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received), 1);
    CHECK(kbus_received_message(received)->data == NULL);
    CHECK_EQUAL(kbus_received_message(received)->data_len, 0);
    kbus_received_release(received);
}

TEST("two readers of one message read the same memory") {
    kbus_ksock_t sender = new_ksock(), first = new_listener("$.F"), second = new_listener("$.F");
    kbus_received_t *one, *two;
    announce(sender, "$.F", "shared");
    CHECK_EQUAL(kbus_receive_in_place(first, 0, &one), 1);
    CHECK_EQUAL(kbus_receive_in_place(second, 0, &two), 1);
    const char *mine = (const char *)kbus_received_message(one)->data;
    const char *yours = (const char *)kbus_received_message(two)->data;
    CHECK(memcmp(mine, "shared", 6) == 0 && memcmp(yours, "shared", 6) == 0);
    CHECK(mine == yours);
    kbus_received_release(one);
    kbus_received_release(two);
}

TEST("with nothing queued receive_in_place says 0 when the time is up") {
    kbus_ksock_t listener = new_listener("$.F");
    kbus_received_t *received = NULL;
    CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received), 0);
    CHECK_EQUAL(kbus_receive_in_place(listener, SECOND / 100, &received), 0);
}

TEST("the 65th message held at once is ENOMEM, and is still there when one is released") {
    enum { MOST = 64 };
    kbus_ksock_t listener = new_listener("$.F");
    kbus_received_t *received[MOST + 1];
    for (int count = 0; count <= MOST; count++) announce(listener, "$.F", NULL);
    for (int count = 0; count < MOST; count++) CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received[count]), 1);
    CHECK_FAILS(kbus_receive_in_place(listener, 0, &received[MOST]), ENOMEM);
    CHECK_EQUAL(queued(listener), 1);
    kbus_received_release(received[7]);
    CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received[7]), 1);
    CHECK_EQUAL(kbus_received_message(received[7])->id.serial_num, MOST + 1);
    for (int count = 0; count < MOST; count++) kbus_received_release(received[count]);
}

TEST("a message can be read on, and released, after its Ksock is closed; null can be released") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_received_t *received;
    announce(sender, "$.F", "outlives");
    CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received), 1);
    CHECK_EQUAL(kbus_ksock_close(listener), 0);
    CHECK_EQUAL(kbus_ksock_close(sender), 0);
    CHECK(memcmp(kbus_received_message(received)->data, "outlives", 8) == 0);
    kbus_received_release(received);
    kbus_received_release(NULL);
}

TEST("a Request received in place can be answered") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q");
    kbus_received_t *received;
    ask(sender, "$.Q", "why?");
    CHECK_EQUAL(kbus_receive_in_place(replier, 0, &received), 1);
    CHECK(kbus_msg_wants_us_to_reply(kbus_received_message(received)));
    answer(replier, kbus_received_message(received), "because");
    kbus_received_release(received);
    CHECK_NEXT(sender, "<Reply '$.Q' id=[0:2] to=1 from=2 in_reply_to=[0:1] data=because>");
}

static kbus_loan_t *lend(kbus_ksock_t ksock, const char *name, uint32_t data_len) {
    kbus_message_t message = pointy(name, NULL);
    kbus_loan_t *loan = NULL;
    message.data_len = data_len;
    CHECK_EQUAL(kbus_loan_make(ksock, &message, &loan), 0);
    CHECK(loan != NULL);
    return loan;
}

TEST("a loan is filled in place and sent") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Frame");
    const uint32_t counts[] = { 0, 1, 63, 64, 65, 4096, 100000, 300000 };
    for (size_t which = 0; which < sizeof counts / sizeof *counts; which++) {
        uint32_t count = counts[which];
        kbus_loan_t *loan = lend(sender, "$.Frame", count);
        uint8_t *data = (uint8_t *)kbus_loan_data(loan);
        kbus_msg_id_t id = { 9, 9 };
        for (uint32_t at = 0; at < count; at++) data[at] = (uint8_t)(at * 13);
        CHECK_EQUAL(kbus_loan_send(loan, &id), 0);
        CHECK_EQUAL(id.network_id, 0);
        kbus_message_t *message = take(listener);
        CHECK_EQUAL(message->id.serial_num, id.serial_num);
        CHECK_EQUAL(message->data_len, count);
        data = (uint8_t *)kbus_msg_data_ptr(message);
        for (uint32_t at = 0; at < count; at++) CHECK(data[at] == (uint8_t)(at * 13));
        kbus_msg_delete(&message);
    }
}

TEST("a loan that is received in place was never copied") {
    kbus_ksock_t ksock = new_listener("$.Frame");
    kbus_loan_t *loan = lend(ksock, "$.Frame", 5000);
    const void *lent = kbus_loan_data(loan);
    kbus_msg_id_t id;
    kbus_received_t *received;
    memset(kbus_loan_data(loan), 'x', 5000);
    CHECK_EQUAL(kbus_loan_send(loan, &id), 0);
    CHECK_EQUAL(kbus_receive_in_place(ksock, 0, &received), 1);
    CHECK(kbus_received_message(received)->data == lent);
    kbus_received_release(received);
}

TEST("a loan that is dropped was never there; null can be dropped") {
    kbus_ksock_t listener = new_listener("$.Frame");
    kbus_loan_drop(lend(listener, "$.Frame", 5000));
    kbus_loan_drop(NULL);
    CHECK_NOTHING(listener);
    CHECK_EQUAL(announce(listener, "$.Frame", NULL), 1);
}

TEST("a loan that is not sent or dropped can be replaced a thousand times") {
    kbus_ksock_t listener = new_listener("$.Frame");
    for (int round = 0; round < 1000; round++) kbus_loan_drop(lend(listener, "$.Frame", 100000));
}

TEST("a loan can be a Request, and carries the flags and addresses it was made with") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t message = pointy("$.Q", NULL);
    kbus_loan_t *loan;
    kbus_msg_id_t id;
    message.data_len = 3;
    message.flags = KBUS_BIT_WANT_A_REPLY | KBUS_BIT_URGENT;
    message.to = ksock_id(replier);
    CHECK_EQUAL(kbus_loan_make(sender, &message, &loan), 0);
    memcpy(kbus_loan_data(loan), "why", 3);
    CHECK_EQUAL(kbus_loan_send(loan, &id), 0);
    CHECK_NEXT(replier, "<Request '$.Q' id=[0:1] to=2 from=1 flags=0xb REQ YOU URG data=why>");
}

TEST("a loan that can't be sent is ended all the same, with the error of the send") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_message_t message = pointy("$.None", NULL);
    kbus_loan_t *loan;
    kbus_msg_id_t id = { 7, 7 };
    message.flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_EQUAL(kbus_loan_make(sender, &message, &loan), 0);
    CHECK_FAILS(kbus_loan_send(loan, &id), EADDRNOTAVAIL);
    CHECK_EQUAL(id.network_id, 7);
    fill_up(listener, sender, "$.F");
    message = pointy("$.F", NULL);
    message.flags = KBUS_BIT_ALL_OR_FAIL;
    message.data_len = 10;
    CHECK_EQUAL(kbus_loan_make(sender, &message, &loan), 0);
    CHECK_FAILS(kbus_loan_send(loan, &id), EBUSY);
}

TEST("a loan is refused for what a write is refused for") {
    kbus_ksock_t sender = new_ksock();
    kbus_message_t message = pointy("$.F", NULL);
    kbus_loan_t *loan = NULL;
    uint32_t most = 0;
    CHECK_EQUAL(kbus_ksock_max_message_size(sender, &most), 0);
    message.data_len = most;
    CHECK_FAILS(kbus_loan_make(sender, &message, &loan), EMSGSIZE);
    message.data_len = 0xFFFFFFFF;
    CHECK_FAILS(kbus_loan_make(sender, &message, &loan), EMSGSIZE);
    message = pointy("$.F.*", NULL);
    CHECK_FAILS(kbus_loan_make(sender, &message, &loan), EBADMSG);
    message = pointy("$.F", NULL);
    message.flags = KBUS_BIT_ALL_OR_FAIL | KBUS_BIT_ALL_OR_WAIT;
    CHECK_FAILS(kbus_loan_make(sender, &message, &loan), EINVAL);
    kbus_ksock_t reader = kbus_ksock_open(0, O_RDONLY);
    message.flags = 0;
    CHECK_FAILS(kbus_loan_make(reader, &message, &loan), EBADF);
    CHECK_FAILS(kbus_loan_make(-1, &message, &loan), EBADF);
}

TEST("a Request held in place is answered with a loan, which takes its name and addressee from it") {
    static const char long_name[] = "$.A.Name.That.Is.Much.Longer.Than.What.Fits.Beside.The.Header.Of.A.Message.And.So.Lies.Behind.Its.Data.And."
                                    "Is.Even.Longer.Than.The.Room.That.Is.Kept.For.The.Next.Message.To.Be.Held.By.A.Program.In.C.Because.It.Has."
                                    "More.Than.Three.Hundred.And.Twenty.Characters.In.All.Which.Takes.A.While.To.Write.But.Here.It.Is.At.Last.The.End";
    const char *names[] = { "$.Q", long_name };
    kbus_ksock_t asking = new_ksock();
    for (int which = 0; which < 2; which++) {
        kbus_ksock_t replier = new_replier(names[which]);
        uint32_t asked = ask(asking, names[which], "why");
        kbus_received_t *request;
        kbus_loan_t *reply;
        kbus_msg_id_t id;
        CHECK_EQUAL(kbus_receive_in_place(replier, 0, &request), 1);
        CHECK_TEXT(kbus_received_message(request)->name, names[which]);
        CHECK_EQUAL(kbus_loan_reply(request, 7, &reply), 0);
        memcpy(kbus_loan_data(reply), "because", 7);
        CHECK_EQUAL(kbus_loan_send(reply, &id), 0);
        CHECK_FAILS(kbus_loan_reply(NULL, 7, &reply), EFAULT);
        CHECK_FAILS(kbus_loan_reply(request, 7, NULL), EFAULT);
        kbus_received_release(request);
        CHECK_EQUAL(kbus_receive_in_place(asking, 0, &request), 1);
        const kbus_message_t *answer = kbus_received_message(request);
        CHECK_TEXT(answer->name, names[which]);
        CHECK_EQUAL(answer->in_reply_to.serial_num, asked);
        CHECK_EQUAL(answer->from, ksock_id(replier));
        CHECK(answer->data_len == 7 && memcmp(answer->data, "because", 7) == 0);
        kbus_received_release(request);
    }
}

TEST("what does not ask its reader to reply is not answered with a loan") {
    kbus_ksock_t asking = new_ksock(), listener = new_listener("$.Q");
    new_replier("$.Q");
    kbus_received_t *received;
    kbus_loan_t *reply = NULL;
    announce(asking, "$.Q", NULL);
    ask(asking, "$.Q", NULL);
    for (int count = 0; count < 2; count++) {
        CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received), 1);
        CHECK_FAILS(kbus_loan_reply(received, 1, &reply), EBADMSG);
        kbus_received_release(received);
    }
    CHECK(reply == NULL);
}

TEST("a status, which has no room of its own on the bus, is read in place as any message") {
    kbus_ksock_t asking = new_ksock(), replier = new_replier("$.Q");
    uint32_t asked = ask(asking, "$.Q", NULL);
    kbus_received_t *received;
    kbus_loan_t *reply;
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
    CHECK_EQUAL(kbus_receive_in_place(asking, 0, &received), 1);
    const kbus_message_t *status = kbus_received_message(received);
    CHECK_TEXT(status->name, "$.KBUS.Replier.GoneAway");
    CHECK_EQUAL(status->in_reply_to.serial_num, asked);
    CHECK_EQUAL(status->to, ksock_id(asking));
    CHECK_FAILS(kbus_loan_reply(received, 1, &reply), EBADMSG);
    kbus_received_release(received);
}

TEST("loans and messages held outlive their Ksock: a loan can't be sent any more, what is held can be read and released") {
    kbus_ksock_t listener = new_listener("$.F"), sender = new_ksock();
    kbus_received_t *received;
    kbus_loan_t *first = lend(listener, "$.F", 100), *second = lend(listener, "$.F", 100);
    announce(sender, "$.F", "still here");
    CHECK_EQUAL(kbus_receive_in_place(listener, 0, &received), 1);
    CHECK_EQUAL(kbus_ksock_close(listener), 0);
    CHECK(memcmp(kbus_received_message(received)->data, "still here", 10) == 0);
    CHECK_FAILS(kbus_loan_send(first, NULL), EBADF);
    kbus_loan_drop(second);
    kbus_received_release(received);
}
