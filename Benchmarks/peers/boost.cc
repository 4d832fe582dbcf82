// Boost.Interprocess: message_queue, one for each direction, or one for each listener. It copies at both ends by design.
#include "cbench_loop.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <memory>
#include <string>
#include <vector>

using boost::interprocess::create_only;
using boost::interprocess::message_queue;

namespace {

const cbench_part *part;
std::vector<std::unique_ptr<message_queue>> queues;
std::vector<char> payload;
bool spins;

// Queues have names that all processes see: taken back at once, since forked processes have the memory anyway.
void make_queues(int count, size_t room) {
    size_t bytes = std::max<size_t>(part->payload_bytes, CBENCH_REPLY_BYTES);
    for (int i = 0; i < count; i++) {
        std::string name = "kbus-bench-" + std::to_string(getpid()) + "-" + std::to_string(i);
        try {
            queues.push_back(std::make_unique<message_queue>(create_only, name.c_str(), room, bytes));
        } catch (const boost::interprocess::interprocess_exception &error) {
            message_queue::remove(name.c_str());
            cbench_fail(error.what(), 0);
        }
        message_queue::remove(name.c_str());
    }
    payload.resize(bytes);
    spins = strcmp(part->mode, "spin") == 0;
}

size_t receive(message_queue &queue) {
    size_t count = 0;
    unsigned priority;
    if (!spins) queue.receive(payload.data(), payload.size(), count, priority);
    else while (!queue.try_receive(payload.data(), payload.size(), count, priority)) cbench_relax();
    return count;
}

void serve(void *, cbench_area *area) {
    char reply[CBENCH_REPLY_BYTES] = {};
    cbench_add(cbench_ready(area), 1);
    for (uint64_t number = 0; number != UINT64_MAX;) {
        size_t count = receive(*queues[0]);
        number = cbench_number(payload.data());
        if (count != part->payload_bytes || !cbench_is_stamped(payload.data(), count, number))
            cbench_fail("a request is not what was sent", 0);
        cbench_stamp(reply, sizeof reply, number);
        queues[1]->send(reply, sizeof reply, 0);
    }
}

void round_trip(void *, uint64_t number) {
    cbench_stamp(payload.data(), part->payload_bytes, number);
    queues[0]->send(payload.data(), part->payload_bytes, 0);
    if (receive(*queues[1]) != CBENCH_REPLY_BYTES || !cbench_is_stamped(payload.data(), CBENCH_REPLY_BYTES, number))
        cbench_fail("a reply is not to the request", 0);
}

void end_round_trips(void *context) { round_trip(context, UINT64_MAX); }

void listen_to_all(void *, cbench_hearing *hearing) {
    cbench_add(cbench_ready(hearing->area), 1);
    do receive(*queues[hearing->part->index]);
    while (!cbench_hear(hearing, payload.data()));
}

void open_sender(void *) {}

void send_to_all(void *, const void *bytes) {
    for (auto &queue : queues) queue->send(bytes, part->payload_bytes, 0);
}

}  // namespace

int main(int argc, char **argv) {
    static cbench_part own;
    cbench_part_begin(&own, argc, argv);
    part = &own;
    if (strcmp(part->scenario, "rtt") == 0) {
        make_queues(2, 4);
        cbench_round_trips(part, serve, nullptr, round_trip, end_round_trips, nullptr);
    } else if (strcmp(part->scenario, "footprint") == 0) {
        make_queues(2, 8);
        cbench_idle(part);
    } else {
        make_queues(part->listeners, 1000);
        cbench_fan fan = {listen_to_all, open_sender, send_to_all, nullptr, 0, 0};
        cbench_run_fan(part, &fan, nullptr);
    }
    return 0;
}
