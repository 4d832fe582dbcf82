// KBUS from C++17: a thread that answers a question, and a frame that is filled and looked at in shared memory, without
// a copy.
#include <kbus/kbus_shm.h>

#include <iostream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

// What a call returns, or an exception that says why it failed and what to do.
int check(int result) {
    if (result < 0) throw std::runtime_error(std::string(kbus_last_error()) + ". " + kbus_last_remedy());
    return result;
}

struct End {
    void operator()(kbus_message_t *message) const { kbus_msg_delete(&message); }
    void operator()(kbus_received_t *received) const { kbus_received_release(received); }
};
using Message = std::unique_ptr<kbus_message_t, End>;
using Received = std::unique_ptr<kbus_received_t, End>;

std::string_view text(const kbus_message_t &message) {
    return {static_cast<const char *>(kbus_msg_data_ptr(&message)), message.data_len};
}

class Ksock {
  public:
    explicit Ksock(uint32_t bus) : number_(check(kbus_ksock_open(bus, O_RDWR))) {}
    ~Ksock() { kbus_ksock_close(number_); }
    Ksock(const Ksock &) = delete;
    Ksock &operator=(const Ksock &) = delete;

    void listen(const char *name) const { check(kbus_ksock_bind(number_, name, 0)); }
    void reply(const char *name) const { check(kbus_ksock_bind(number_, name, 1)); }

    Message receive() const {
        kbus_message_t *message = nullptr;
        check(kbus_receive_within(number_, -1, &message));
        return Message(message);
    }

    void answer(const kbus_message_t &request, std::string_view text) const {
        kbus_message_t *made = nullptr;
        check(kbus_msg_create_reply_to(&made, &request, text.data(), static_cast<uint32_t>(text.size()), 0));
        const Message reply(made);
        kbus_msg_id_t id;
        check(kbus_ksock_send_msg(number_, reply.get(), &id));
    }

    Message ask(std::string_view name, std::string_view text) const {
        kbus_message_t *message = nullptr;
        check(kbus_msg_create_request(&message, name.data(), static_cast<uint32_t>(name.size()), text.data(),
                                      static_cast<uint32_t>(text.size()), 0));
        const Message request(message);
        check(kbus_request_within(number_, request.get(), 1'000'000'000, &message));
        return Message(message);
    }

    // Has `fill` write a message's data where its recipients read it.
    template <typename Fill> void send_frame(std::string name, uint32_t bytes, Fill fill) const {
        kbus_message_t *message = nullptr;
        check(kbus_msg_create(&message, name.c_str(), static_cast<uint32_t>(name.size()), nullptr, bytes, 0));
        const Message header(message);
        kbus_loan_t *loan = nullptr;
        check(kbus_loan_make(number_, header.get(), &loan));
        fill(static_cast<uint8_t *>(kbus_loan_data(loan)));
        kbus_msg_id_t id;
        check(kbus_loan_send(loan, &id));
    }

    Received receive_frame() const {
        kbus_received_t *received = nullptr;
        check(kbus_receive_in_place(number_, -1, &received));
        return Received(received);
    }

  private:
    kbus_ksock_t number_;
};

int main() try {
    const Ksock asker(0), replier(0), viewer(0);

    replier.reply("$.Hello.Name");
    std::thread thread([&replier] {
        const Message request = replier.receive();
        replier.answer(*request, "Guildenstern");
    });
    std::cout << "And you are? " << text(*asker.ask("$.Hello.Name", "And you are?")) << "\n";
    thread.join();

    constexpr uint32_t frame_bytes = 640 * 480;
    viewer.listen("$.Hello.Frame");
    asker.send_frame("$.Hello.Frame", frame_bytes,
                     [](uint8_t *pixels) { std::iota(pixels, pixels + frame_bytes, uint8_t{0}); });
    const Received frame = viewer.receive_frame();
    const auto *pixels = static_cast<const uint8_t *>(kbus_received_message(frame.get())->data);
    std::cout << "A frame whose pixels sum to " << std::accumulate(pixels, pixels + frame_bytes, 0u) << "\n";
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
}
