/* A Request and its Reply between two Ksocks of one process, read and filled in place as well, and an error's text. */
#include <kbus/kbus_shm.h>

static void must(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n%s\n%s\n", what, strerror(-result), kbus_last_error(), kbus_last_remedy());
    exit(EXIT_FAILURE);
}

static void expect(int truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(EXIT_FAILURE);
}

int main(void) {
    const int64_t one_minute = 60 * INT64_C(1000000000);
    kbus_ksock_t asker = kbus_ksock_open(0, O_RDWR), answerer = kbus_ksock_open(0, O_RDWR);
    kbus_message_t *question = NULL, *asked = NULL, *answer = NULL;
    kbus_msg_id_t id = {0, 0}, reply_id = {0, 0};
    kbus_received_t *received = NULL;
    kbus_loan_t *loan = NULL;

    must(asker, "open");
    must(answerer, "open");
    must(kbus_ksock_bind(answerer, "$.Question", 1), "bind");
    must(kbus_msg_create_request(&question, "$.Question", 10, "why?", 4, 0), "create a Request");
    must(kbus_ksock_send_msg(asker, question, &id), "send the Request");
    must(kbus_ksock_read_next_msg(answerer, &asked), "read the Request");
    expect(asked != NULL && kbus_msg_wants_us_to_reply(asked), "the Request is the answerer's to answer");

    must(kbus_msg_create_reply_to(&answer, asked, NULL, 8, 0), "create a Reply");
    must(kbus_loan_make(answerer, answer, &loan), "borrow room for the Reply");
    memcpy(kbus_loan_data(loan), "because.", 8);
    must(kbus_loan_send(loan, &reply_id), "send the Reply");

    expect(kbus_receive_in_place(asker, one_minute, &received) == 1, "the Reply is there");
    expect(kbus_msg_is_reply(kbus_received_message(received)), "it is a Reply");
    expect(kbus_msg_compare_ids(&kbus_received_message(received)->in_reply_to, &id) == 0, "to our Request");
    expect(memcmp(kbus_received_message(received)->data, "because.", 8) == 0, "with its data");
    kbus_received_release(received);

    must(kbus_ksock_close(answerer), "close");
    expect(kbus_ksock_send_msg(asker, question, &id) == -EADDRNOTAVAIL, "nobody answers any more");
    must(kbus_ksock_close(asker), "close");
    expect(kbus_ksock_send(asker, &id) == -EBADF && errno == EBADF, "a closed Ksock is no Ksock");
    expect(kbus_last_error()[0] != '\0' && kbus_last_remedy()[0] != '\0', "the error has its words");

    kbus_msg_delete(&question);
    kbus_msg_delete(&asked);
    kbus_msg_delete(&answer);
    must(kbus_bus_remove(0), "remove the bus");
    return EXIT_SUCCESS;
}
