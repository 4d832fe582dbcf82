/*
 * Introducing KBUS: the playlet of Tony Ibbs' talk at EuroPython 2010, with four actors in four processes.
 *
 * Each actor is a process with a Ksock, which waits for its cue, plays a line of the script, and says when it is done. So
 * the four take turns, and the play is the same every time. It is given on a bus of its own, where ids begin with 1.
 */
#include <kbus/kbus_shm.h>

#include <sys/socket.h>
#include <sys/wait.h>

enum { ROSENCRANTZ, AUDIENCE, GUILDENSTERN, FALSTAFF, ACTORS };

static const char *const names[ACTORS] = { "Rosencrantz", "The Audience", "Guildenstern", "Falstaff" };

struct actor {
    const char *name;
    uint32_t bus;
    kbus_ksock_t ksock;
    kbus_message_t *heard;   /* the last message                   */
    kbus_message_t *promise; /* the Reply that began a conversation */
    int heads;
};

static void check(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n%s\n", what, kbus_last_error(), kbus_last_remedy());
    exit(1);
}

/* ---- What an actor can do: each of these is one line of the script ---- */

static void enters(struct actor *me, const char *name, const char *text) {
    (void)name, (void)text;
    uint32_t id;
    me->ksock = kbus_ksock_open(me->bus, O_RDWR);
    check(me->ksock, "open");
    check(kbus_ksock_id(me->ksock, &id), "id");
    printf("\n%s enters: Ksock %u\n", me->name, id);
}

static void listens(struct actor *me, const char *name, const char *text) {
    (void)text;
    check(kbus_ksock_bind(me->ksock, name, 0), "bind");
    printf("%s listens to %s\n", me->name, name);
}

static void no_longer_listens(struct actor *me, const char *name, const char *text) {
    (void)text;
    check(kbus_ksock_unbind(me->ksock, name, 0), "unbind");
    printf("%s no longer listens to %s\n", me->name, name);
}

static void answers(struct actor *me, const char *name, const char *text) {
    (void)text;
    check(kbus_ksock_bind(me->ksock, name, 1), "bind");
    printf("%s answers %s\n", me->name, name);
}

/* Sends a message, which is done with then. */
static void say(struct actor *me, kbus_message_t *message) {
    kbus_msg_id_t id;
    int result = kbus_ksock_send_msg(me->ksock, message, &id);
    if (result == 0) {
        printf("%s says [%u:%u] ", me->name, id.network_id, id.serial_num);
    } else {
        printf("%s cannot say ", me->name);
    }
    kbus_msg_print2(stdout, message, 0);
    printf("\n");
    if (result < 0) printf("    %s: %s\n", strerror(-result), kbus_last_error());
    kbus_msg_delete(&message);
}

static void announces(struct actor *me, const char *name, const char *text) {
    kbus_message_t *message;
    check(kbus_msg_create(&message, name, (uint32_t)strlen(name), text, (uint32_t)strlen(text), 0), "create");
    say(me, message);
}

static void asks(struct actor *me, const char *name, const char *text) {
    kbus_message_t *message;
    check(kbus_msg_create_request(&message, name, (uint32_t)strlen(name), text, (uint32_t)strlen(text), 0), "create");
    say(me, message);
}

/* Takes the next message, if there is one. */
static void hears(struct actor *me, const char *name, const char *text) {
    (void)name, (void)text;
    kbus_msg_delete(&me->heard);
    check(kbus_ksock_read_next_msg(me->ksock, &me->heard), "read");
    printf("%s hears ", me->name);
    if (me->heard) {
        kbus_msg_print2(stdout, me->heard, 0);
    } else {
        printf("nothing");
    }
    printf("\n");
}

/* Waits for a message, and takes it. */
static void waits(struct actor *me, const char *name, const char *text) {
    check(kbus_wait_for_message(me->ksock, KBUS_KSOCK_READABLE), "wait");
    hears(me, name, text);
}

static void hears_everything(struct actor *me, const char *name, const char *text) {
    do hears(me, name, text);
    while (me->heard);
}

static void replies(struct actor *me, const char *name, const char *text) {
    (void)name;
    kbus_message_t *reply;
    check(kbus_msg_create_reply_to(&reply, me->heard, text, (uint32_t)strlen(text), 0), "reply");
    say(me, reply);
}

/* Keeps the Reply just heard: what follows goes to who sent it, and to nobody else. */
static void remembers(struct actor *me, const char *name, const char *text) {
    (void)name, (void)text;
    me->promise = me->heard;
    me->heard = NULL;
}

static void tosses(struct actor *me, const char *name, const char *text) {
    kbus_message_t *toss;
    uint32_t name_len = (uint32_t)strlen(name), text_len = (uint32_t)strlen(text);
    check(kbus_msg_create_stateful_request(&toss, me->promise, name, name_len, text, text_len, 0), "stateful request");
    say(me, toss);
}

static void counts(struct actor *me, const char *name, const char *text) {
    char count[32];
    waits(me, name, text);
    if (me->heard->data_len == 4 && memcmp(kbus_msg_data_ptr(me->heard), "Head", 4) == 0) {
        printf("%s mutters: a head - amazing\n", me->name);
        me->heads++;
    } else {
        printf("%s mutters: bah, tails\n", me->name);
    }
    snprintf(count, sizeof count, "Head count is %d", me->heads);
    replies(me, name, count);
}

static void leaves(struct actor *me, const char *name, const char *text) {
    (void)name, (void)text;
    kbus_msg_delete(&me->heard);
    kbus_msg_delete(&me->promise);
    check(kbus_ksock_close(me->ksock), "close");
    printf("%s leaves\n", me->name);
}

/* ---- The script ---- */

#define SPEAK "$.Actor.Speak"
#define ANYTHING "$.Actor.*"
#define ASK "$.Actor.Ask.Guildenstern"
#define TOSS "$.Actor.CoinToss"

struct line {
    int actor;
    void (*plays)(struct actor *, const char *name, const char *text);
    const char *name, *text;
};

static const struct line script[] = {
    /* Anybody may say something. If nobody listens, nobody hears it, and that is no error. */
    { ROSENCRANTZ, enters, NULL, NULL },
    { ROSENCRANTZ, announces, SPEAK, "Ahem" },
    { AUDIENCE, enters, NULL, NULL },
    { AUDIENCE, listens, SPEAK, NULL },
    { ROSENCRANTZ, announces, SPEAK, "Ahem" },
    { AUDIENCE, hears, NULL, NULL },
    { AUDIENCE, hears, NULL, NULL },
    { ROSENCRANTZ, announces, SPEAK, "Hello there" },
    { ROSENCRANTZ, announces, SPEAK, "Can you hear me?" },
    { AUDIENCE, waits, NULL, NULL },
    { AUDIENCE, waits, NULL, NULL },

    /* A wildcard hears every name that begins so. Who is bound twice hears twice. */
    { GUILDENSTERN, enters, NULL, NULL },
    { GUILDENSTERN, listens, ANYTHING, NULL },
    { AUDIENCE, listens, ANYTHING, NULL },
    { ROSENCRANTZ, listens, ANYTHING, NULL },
    { GUILDENSTERN, announces, SPEAK, "Pssst!" },
    { GUILDENSTERN, hears, NULL, NULL },
    { ROSENCRANTZ, hears, NULL, NULL },
    { AUDIENCE, hears_everything, NULL, NULL },
    { AUDIENCE, no_longer_listens, SPEAK, NULL },

    /* A Request goes to the one Replier of its name, who alone is asked to reply (YOU). Others may listen. */
    { GUILDENSTERN, no_longer_listens, ANYTHING, NULL },
    { GUILDENSTERN, listens, SPEAK, NULL },
    { GUILDENSTERN, answers, ASK, NULL },
    { ROSENCRANTZ, asks, ASK, "Were you speaking to me?" },
    { ROSENCRANTZ, hears, NULL, NULL },
    { ROSENCRANTZ, no_longer_listens, ANYTHING, NULL },
    { GUILDENSTERN, waits, NULL, NULL },
    { GUILDENSTERN, replies, NULL, "Yes, yes I was" },
    { GUILDENSTERN, hears, NULL, NULL },
    { ROSENCRANTZ, waits, NULL, NULL },
    { AUDIENCE, hears_everything, NULL, NULL },

    /* A stateful Request goes to one particular Replier, who remembers what came before, or to nobody. */
    { ROSENCRANTZ, asks, ASK, "Will you count heads for me?" },
    { GUILDENSTERN, waits, NULL, NULL },
    { GUILDENSTERN, replies, NULL, "Yes, yes I shall" },
    { GUILDENSTERN, answers, TOSS, NULL },
    { ROSENCRANTZ, waits, NULL, NULL },
    { ROSENCRANTZ, remembers, NULL, NULL },
    { ROSENCRANTZ, tosses, TOSS, "Head" },
    { GUILDENSTERN, counts, NULL, NULL },
    { ROSENCRANTZ, waits, NULL, NULL },
    { ROSENCRANTZ, tosses, TOSS, "Head" },
    { GUILDENSTERN, counts, NULL, NULL },
    { ROSENCRANTZ, waits, NULL, NULL },

    /* Falstaff takes Guildenstern's place, but has no idea how many heads there were. */
    { GUILDENSTERN, leaves, NULL, NULL },
    { FALSTAFF, enters, NULL, NULL },
    { FALSTAFF, answers, TOSS, NULL },
    { ROSENCRANTZ, tosses, TOSS, "Head" },

    { AUDIENCE, hears_everything, NULL, NULL },
    { AUDIENCE, leaves, NULL, NULL },
    { ROSENCRANTZ, hears_everything, NULL, NULL },
    { ROSENCRANTZ, leaves, NULL, NULL },
    { FALSTAFF, hears_everything, NULL, NULL },
    { FALSTAFF, leaves, NULL, NULL },
};

/* ---- The stage ---- */

/* The process of an actor: plays the line whose number is its cue. It ends with its director. */
static void play(struct actor me, int cue) {
    int line;
    while (recv(cue, &line, sizeof line, 0) == (ssize_t)sizeof line) {
        script[line].plays(&me, script[line].name, script[line].text);
        fflush(stdout);
        if (send(cue, &line, sizeof line, 0) < 0) break;
    }
    exit(0);
}

/* Starts an actor, and returns the director's end of its cue. */
static int hire(int actor, uint32_t bus) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -1;
    pid_t process = fork();
    if (process < 0) return -1;
    if (process == 0) {
        struct actor me = { names[actor], bus, -1, NULL, NULL, 0 };
        close(ends[0]);
        play(me, ends[1]);
    }
    close(ends[1]);
    return ends[0];
}

/* Makes a bus that nobody else uses. */
static uint32_t new_bus(void) {
    uint32_t bus = 256;
    int result;
    do result = kbus_bus_create(--bus, NULL);
    while (result == -EEXIST && bus > 0);
    check(result, "create");
    return bus;
}

int main(void) {
    uint32_t bus = new_bus();
    int cues[ACTORS], failed = 0;
    for (int actor = 0; actor < ACTORS; actor++) {
        cues[actor] = hire(actor, bus);
        if (cues[actor] < 0) perror("hire"), failed = 1;
    }
    for (int line = 0; !failed && line < (int)(sizeof script / sizeof *script); line++) {
        int cue = cues[script[line].actor], done = 0;
        failed = send(cue, &line, sizeof line, MSG_NOSIGNAL) < 0
            || recv(cue, &done, sizeof done, 0) != (ssize_t)sizeof done;
    }
    for (int actor = 0; actor < ACTORS; actor++) close(cues[actor]);
    while (wait(NULL) > 0) {}
    check(kbus_bus_remove(bus), "remove");
    return failed;
}
