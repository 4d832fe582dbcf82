// Eclipse iceoryx 2: client and server, publisher and subscriber, with a RouDi of its own. Payloads are lent, or copied into
// what is lent. Nothing is lost, since the publisher is made to wait (WAIT_FOR_CONSUMER, BLOCK_PRODUCER).
#include "cbench_loop.h"

#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "iceoryx_hoofs/log/logmanager.hpp"
#include "iceoryx_posh/popo/untyped_client.hpp"
#include "iceoryx_posh/popo/untyped_publisher.hpp"
#include "iceoryx_posh/popo/untyped_server.hpp"
#include "iceoryx_posh/popo/untyped_subscriber.hpp"
#include "iceoryx_posh/popo/wait_set.hpp"
#include "iceoryx_posh/runtime/posh_runtime.hpp"

using namespace iox::popo;
using iox::capro::IdString_t;
using iox::capro::ServiceDescription;
using iox::runtime::PoshRuntime;

namespace {

const cbench_part *part;
std::string own_name;  // tells this run from others on the machine
bool spins, lends;
std::unique_ptr<WaitSet<>> waiting;
std::unique_ptr<UntypedClient> client;
std::unique_ptr<UntypedPublisher> publisher;
std::vector<char> source;

ServiceDescription service() {
    return {"kbus-bench", IdString_t(iox::cxx::TruncateToCapacity, own_name.c_str()), "service"};
}

void start_runtime(const std::string &role) {
    iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kOff, iox::log::LogLevelOutput::kHideLogLevel);
    std::string name = "kbus-bench-" + role + "-" + own_name;
    PoshRuntime::initRuntime(iox::RuntimeName_t(iox::cxx::TruncateToCapacity, name.c_str()));
    if (!spins) waiting = std::make_unique<WaitSet<>>();
}

void pause_for(long nanoseconds) {
    timespec pause = {0, nanoseconds};
    nanosleep(&pause, nullptr);
}

// iceoryx leaves files in /dev/shm and /tmp under names that the whole machine shares, the more so when it is killed. So it gets
// a /dev/shm and a /tmp of its own, in the directory of this run, which is the current one from now on.
void keep_to_ourselves(cbench_part &own) {
    if (chdir(own.directory) != 0 || mkdir("shm", 0777) != 0 || mkdir("tmp", 0777) != 0) cbench_fail("cannot use the directory", errno);
    own.directory = ".";
    own.output = basename(own.output);
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0
        || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || mount("shm", "/dev/shm", nullptr, MS_BIND, nullptr) != 0
        || mount("tmp", "/tmp", nullptr, MS_BIND, nullptr) != 0)
        cbench_unavailable("no mount namespace is to be had, and without one iceoryx leaves files all over the machine");
}

// RouDi ends with this process.
pid_t start_roudi() {
    const char *configuration = "roudi.toml", *log = "roudi.log";
    FILE *file = fopen(configuration, "w");
    if (file == nullptr) cbench_fail("cannot write a configuration", errno);
    fputs("[general]\nversion = 1\n[[segment]]\n", file);
    const int pools[][2] = {{256, 20000}, {2048, 2000}, {65792, 100}, {1048832, 20}, {12441856, 8}};
    for (auto &pool : pools) fprintf(file, "[[segment.mempool]]\nsize = %d\ncount = %d\n", pool[0], pool[1]);
    fclose(file);

    pid_t roudi = cbench_fork();
    if (roudi == 0) {
        if (freopen(log, "w", stdout) == nullptr || dup2(1, 2) < 0) _exit(127);
        execlp("iox-roudi", "iox-roudi", "-c", configuration, "-m", "off", (char *)nullptr);
        _exit(127);
    }
    for (uint64_t deadline = cbench_now() + 10000000000u; cbench_now() < deadline; pause_for(5000000)) {
        int status;
        if (waitpid(roudi, &status, WNOHANG) == roudi) cbench_unavailable("iox-roudi does not start here");
        char line[256];
        bool is_ready = false;
        FILE *said = fopen(log, "r");
        while (said != nullptr && fgets(line, sizeof line, said) != nullptr) is_ready |= strstr(line, "ready for clients") != nullptr;
        if (said != nullptr) fclose(said);
        if (is_ready) return roudi;
    }
    cbench_fail("iox-roudi did not get ready in time", 0);
}

void stop_roudi(pid_t roudi) {
    // Asked politely, it would end all that it knows of, us included.
    kill(roudi, SIGKILL);
    while (waitpid(roudi, nullptr, 0) < 0 && errno == EINTR) {
    }
}

// Looks again and again, or waits on the wait set.
template <class End>
const void *take(End &end) {
    for (;;) {
        auto message = end.take();
        if (!message.has_error()) return message.value();
        if (waiting) waiting->wait();
    }
}

void fill(void *payload, uint64_t number) {
    if (!lends) memcpy(payload, source.data(), part->payload_bytes);
    cbench_stamp(payload, part->payload_bytes, number);
}

void failed(const char *what) { cbench_fail(what, 0); }

void serve(void *, cbench_area *area) {
    start_runtime("server");
    UntypedServer server(service());
    if (waiting) waiting->attachState(server, ServerState::HAS_REQUEST).or_else([](auto &) { failed("cannot wait"); });
    cbench_add(cbench_ready(area), 1);
    for (uint64_t number = 0; number != UINT64_MAX;) {
        const void *request = take(server);
        number = cbench_number(request);
        if (!cbench_is_stamped(request, part->payload_bytes, number)) failed("a request is not what was sent");
        server.loan(RequestHeader::fromPayload(request), CBENCH_REPLY_BYTES, 8)
            .and_then([&](auto *reply) {
                cbench_stamp(reply, CBENCH_REPLY_BYTES, number);
                server.send(reply).or_else([](auto &) { failed("cannot reply"); });
            })
            .or_else([](auto &) { failed("nothing to be lent"); });
        server.releaseRequest(request);
    }
    // Its memory is gone once it ends.
    while (cbench_load(cbench_done(area)) == 0) pause_for(1000000);
}

void open_client(void *) {
    start_runtime("client");
    client = std::make_unique<UntypedClient>(service());
    if (waiting) waiting->attachState(*client, ClientState::HAS_RESPONSE).or_else([](auto &) { failed("cannot wait"); });
    while (client->getConnectionState() != iox::ConnectionState::CONNECTED) pause_for(1000000);
    source.resize(part->payload_bytes, 1);
}

void round_trip(void *, uint64_t number) {
    client->loan(part->payload_bytes, 8)
        .and_then([&](auto *request) {
            fill(request, number);
            client->send(request).or_else([](auto &) { failed("cannot send"); });
        })
        .or_else([](auto &) { failed("nothing to be lent"); });
    const void *reply = take(*client);
    if (!cbench_is_stamped(reply, CBENCH_REPLY_BYTES, number)) failed("a reply is not to the request");
    client->releaseResponse(reply);
}

void listen_to_all(void *, cbench_hearing *hearing) {
    start_runtime("listener" + std::to_string(hearing->part->index));
    SubscriberOptions options;
    options.queueCapacity = 256;
    options.queueFullPolicy = QueueFullPolicy::BLOCK_PRODUCER;
    UntypedSubscriber subscriber(service(), options);
    if (waiting) waiting->attachState(subscriber, SubscriberState::HAS_DATA).or_else([](auto &) { failed("cannot wait"); });
    while (subscriber.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED) pause_for(1000000);
    cbench_add(cbench_ready(hearing->area), 1);
    for (int was_last = 0; !was_last;) {
        const void *message = take(subscriber);
        was_last = cbench_hear(hearing, message);
        subscriber.release(message);
    }
    // What is destroyed here is seen by RouDi, too.
    waiting.reset();
}

void open_publisher(void *) {
    start_runtime("sender");
    PublisherOptions options;
    options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
    publisher = std::make_unique<UntypedPublisher>(service(), options);
}

void publish(void *, const void *payload) {
    publisher->loan(part->payload_bytes, 8)
        .and_then([&](auto *room) {
            memcpy(room, payload, part->payload_bytes);
            publisher->publish(room);
        })
        .or_else([](auto &) { failed("nothing to be lent"); });
}

}  // namespace

int main(int argc, char **argv) {
    static cbench_part own;
    cbench_part_begin(&own, argc, argv);
    part = &own;
    own_name = std::to_string(getpid());
    spins = strcmp(part->mode, "spin") == 0;
    lends = strcmp(part->api, "loan") == 0;
    keep_to_ourselves(own);
    if (part->senders > 1) cbench_unavailable("measured with one sender only");
    pid_t roudi = start_roudi();
    if (strcmp(part->scenario, "rtt") == 0) {
        cbench_area *area = cbench_fork_server(part, serve, nullptr);
        open_client(nullptr);
        cbench_time_round_trips(part, round_trip, nullptr);
        round_trip(nullptr, UINT64_MAX);
        waiting.reset();
        client.reset();
        cbench_store(cbench_done(area), 1);
        cbench_join(-1);
    } else if (strcmp(part->scenario, "footprint") == 0) {
        start_runtime("idle");
        static UntypedServer server(service());
        static UntypedClient idle(service());
        cbench_idle(part);
    } else {
        cbench_fan fan = {listen_to_all, open_publisher, publish, nullptr, 0, 0};
        cbench_run_fan(part, &fan, nullptr);
        publisher.reset();
    }
    stop_roudi(roudi);
    _exit(0);
}
