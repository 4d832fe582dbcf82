// A process in C++: announces, then answers so many Requests for $.In.Cxx, each with its own data and where it was answered.
#include <kbus/kbus_shm.h>

#include <cstdlib>
#include <string>

int main(int, char **argv) {
    const std::string name = "$.In.Cxx", announced = "$.From.Cxx", text = "from C++";
    const kbus_ksock_t ksock = kbus_ksock_open(0, O_RDWR);
    kbus_message_t *message = nullptr;
    kbus_msg_id_t id;
    if (ksock < 0 || kbus_ksock_bind(ksock, name.c_str(), 1) < 0) return 1;
    if (kbus_msg_create(&message, announced.data(), announced.size(), text.data(), text.size(), 0) < 0) return 2;
    if (kbus_ksock_send_msg(ksock, message, &id) < 0) return 3;
    kbus_msg_delete(&message);
    for (int left = std::atoi(argv[1]); left > 0; left--) {
        kbus_received_t *received = nullptr;
        if (kbus_receive_in_place(ksock, 30000000000, &received) != 1) return 4;
        const kbus_message_t *request = kbus_received_message(received);
        const std::string data = std::string(static_cast<const char *>(request->data), request->data_len) + " in C++";
        if (kbus_msg_create_reply_to(&message, request, data.data(), data.size(), 0) < 0) return 5;
        if (kbus_ksock_send_msg(ksock, message, &id) < 0) return 6;
        kbus_msg_delete(&message);
        kbus_received_release(received);
    }
    return kbus_ksock_close(ksock) < 0;
}
