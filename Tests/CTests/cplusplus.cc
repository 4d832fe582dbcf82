// The C face from C++17: the headers compile without a warning, and the functions link.
#include <kbus/kbus_shm.h>

#include <memory>
#include <string>
#include <string_view>

#include "check.h"

namespace {

struct Deleter {
    void operator()(kbus_message_t *message) const { kbus_msg_delete(&message); }
    void operator()(kbus_received_t *received) const { kbus_received_release(received); }
};

using Message = std::unique_ptr<kbus_message_t, Deleter>;
using Received = std::unique_ptr<kbus_received_t, Deleter>;

Message request(std::string_view name, std::string_view data) {
    kbus_message_t *message = nullptr;
    CHECK_EQUAL(kbus_msg_create_entire_request(&message, name.data(), static_cast<uint32_t>(name.size()), data.data(),
                                               static_cast<uint32_t>(data.size()), 0), 0);
    return Message(message);
}

std::string data_of(const kbus_message_t *message) {
    return {static_cast<const char *>(kbus_msg_data_ptr(message)), message->data_len};
}

static_assert(sizeof(kbus_message_t) == (sizeof(void *) == 8 ? 88 : 72), "the original's layout");
static_assert(sizeof(kbus_entire_message_t) == sizeof(kbus_message_t), "the original's layout");
static_assert(offsetof(kbus_replier_bind_event_data_t, rest) == 12, "the original's layout");
static_assert(KBUS_ENTIRE_MSG_LEN(6, 4) == sizeof(kbus_message_t) + 8 + 4 + 4, "the original's lengths");
static_assert((KBUS_BIT_ALL_OR_FAIL | KBUS_BIT_WANT_A_REPLY) == 0x201, "the original's flags");

}  // namespace

TEST("C++: messages are made and looked at") {
    Message message = request("$.Fred", "data");
    CHECK_EQUAL(kbus_msg_sizeof(message.get()), KBUS_ENTIRE_MSG_LEN(6, 4));
    CHECK(kbus_msg_is_entire(message.get()) && kbus_msg_is_request(message.get()));
    CHECK_TEXT(kbus_msg_name_ptr(message.get()), "$.Fred");
    CHECK_EQUAL(*kbus_msg_end_ptr(reinterpret_cast<kbus_entire_message_t *>(message.get())), KBUS_MSG_END_GUARD);
}

TEST("C++: a Request is answered") {
    const int asker = kbus_ksock_open(0, O_RDWR), replier = kbus_ksock_open_by_name("/dev/kbus0", O_RDWR);
    CHECK_EQUAL(kbus_ksock_bind(replier, "$.Q", 1), 0);
    kbus_msg_id_t id{};
    CHECK_EQUAL(kbus_ksock_send_msg(asker, request("$.Q", "why?").get(), &id), 0);

    kbus_received_t *taken = nullptr;
    CHECK_EQUAL(kbus_receive_in_place(replier, -1, &taken), 1);
    const Received question(taken);
    CHECK(data_of(kbus_received_message(question.get())) == "why?");
    kbus_message_t *made = nullptr;
    CHECK_EQUAL(kbus_msg_create_reply_to(&made, kbus_received_message(question.get()), "because", 7, 0), 0);
    const Message reply(made);
    CHECK_EQUAL(kbus_send_within(replier, reply.get(), -1, &id), 0);

    CHECK_EQUAL(kbus_receive_within(asker, -1, &made), 1);
    const Message answer(made);
    CHECK(data_of(answer.get()) == "because");
    CHECK_EQUAL(kbus_ksock_close(asker), 0);
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
}
