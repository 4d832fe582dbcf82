/* Where each field lies, for Swift, which has no offsetof. Names follow cshm_layout.h. */
#ifndef CSHM_OFFSETS_H
#define CSHM_OFFSETS_H

enum {
    CSHM_CLASS_PAYLOAD_BYTES = offsetof(cshm_class, payload_bytes),
    CSHM_CLASS_COUNT = offsetof(cshm_class, count),
    CSHM_CLASS_HEADERS = offsetof(cshm_class, headers),
    CSHM_CLASS_PAYLOADS = offsetof(cshm_class, payloads),
    CSHM_CLASS_PAYLOAD_STRIDE = offsetof(cshm_class, payload_stride),
    CSHM_CLASS_SIZE = sizeof(cshm_class),
};
enum {
    CSHM_HEADER_MAGIC = offsetof(cshm_header, magic),
    CSHM_HEADER_LAYOUT_VERSION = offsetof(cshm_header, layout_version),
    CSHM_HEADER_PAGE_BYTES = offsetof(cshm_header, page_bytes),
    CSHM_HEADER_FINGERPRINT = offsetof(cshm_header, fingerprint),
    CSHM_HEADER_FILE_BYTES = offsetof(cshm_header, file_bytes),
    CSHM_HEADER_BOOT_ID = offsetof(cshm_header, boot_id),
    CSHM_HEADER_UUID = offsetof(cshm_header, uuid),
    CSHM_HEADER_HASH_SEED = offsetof(cshm_header, hash_seed),
    CSHM_HEADER_MAX_KSOCKS = offsetof(cshm_header, max_ksocks),
    CSHM_HEADER_MAX_BINDINGS = offsetof(cshm_header, max_bindings),
    CSHM_HEADER_MAX_REQUESTS = offsetof(cshm_header, max_requests),
    CSHM_HEADER_CLASS_COUNT = offsetof(cshm_header, class_count),
    CSHM_HEADER_ABSOLUTE_MAX_MESSAGE = offsetof(cshm_header, absolute_max_message),
    CSHM_HEADER_MODE = offsetof(cshm_header, mode),
    CSHM_HEADER_NUMBER = offsetof(cshm_header, number),
    CSHM_HEADER_CORRUPT = offsetof(cshm_header, corrupt),
    CSHM_HEADER_CLASSES = offsetof(cshm_header, classes),
    CSHM_HEADER_SIZE = sizeof(cshm_header),
};
enum {
    CSHM_STATE_NEXT_KSOCK_ID = offsetof(cshm_state, next_ksock_id),
    CSHM_STATE_REPORT_BINDS = offsetof(cshm_state, report_binds),
    CSHM_STATE_VERBOSE = offsetof(cshm_state, verbose),
    CSHM_STATE_TRAGIC = offsetof(cshm_state, tragic),
    CSHM_STATE_MAX_MESSAGE = offsetof(cshm_state, max_message),
    CSHM_STATE_SET_ASIDE = offsetof(cshm_state, set_aside),
    CSHM_STATE_PENDING_SENDERS = offsetof(cshm_state, pending_senders),
    CSHM_STATE_OPERATION = offsetof(cshm_state, operation),
    CSHM_STATE_OPERATION_CURSOR = offsetof(cshm_state, operation_cursor),
    CSHM_STATE_OPERATION_DETAIL = offsetof(cshm_state, operation_detail),
    CSHM_STATE_LOST_ANNOUNCED = offsetof(cshm_state, lost_announced),
    CSHM_STATE_RECOVERIES = offsetof(cshm_state, recoveries),
    CSHM_STATE_BINDS = offsetof(cshm_state, binds),
    CSHM_STATE_BIND_WAITERS = offsetof(cshm_state, bind_waiters),
    CSHM_STATE_HELPERS_BELL = offsetof(cshm_state, helpers_bell),
    CSHM_STATE_STAR_DEPTHS = offsetof(cshm_state, star_depths),
    CSHM_STATE_SIZE = sizeof(cshm_state),
};
enum {
    CSHM_WATCH_LINE_ROLE = offsetof(cshm_watch_line, role),
    CSHM_WATCH_LINE_ROLE_WANTED = offsetof(cshm_watch_line, role_wanted),
    CSHM_WATCH_LINE_OWNERS_BELL = offsetof(cshm_watch_line, owners_bell),
    CSHM_WATCH_LINE_WATCHER = offsetof(cshm_watch_line, watcher),
    CSHM_WATCH_LINE_REAPS = offsetof(cshm_watch_line, reaps),
    CSHM_WATCH_LINE_SIZE = sizeof(cshm_watch_line),
};
enum {
    CSHM_OWNER_INCARNATION = offsetof(cshm_owner, incarnation),
    CSHM_OWNER_START_TIME = offsetof(cshm_owner, start_time),
    CSHM_OWNER_PID = offsetof(cshm_owner, pid),
    CSHM_OWNER_PID_NAMESPACE = offsetof(cshm_owner, pid_namespace),
    CSHM_OWNER_LIFE = offsetof(cshm_owner, life),
    CSHM_OWNER_DEPARTED = offsetof(cshm_owner, departed),
    CSHM_OWNER_SIZE = sizeof(cshm_owner),
};
enum {
    CSHM_LOCK_LINE_SEQUENCE = offsetof(cshm_lock_line, sequence),
    CSHM_LOCK_LINE_LAST_SERIAL = offsetof(cshm_lock_line, last_serial),
    CSHM_LOCK_LINE_JOURNAL = offsetof(cshm_lock_line, journal),
    CSHM_LOCK_LINE_STALLS = offsetof(cshm_lock_line, stalls),
    CSHM_LOCK_LINE_LOCK = offsetof(cshm_lock_line, lock),
    CSHM_LOCK_LINE_PID_NAMESPACE = offsetof(cshm_lock_line, pid_namespace),
    CSHM_LOCK_LINE_SIZE = sizeof(cshm_lock_line),
};
enum {
    CSHM_JOURNAL_PHASE = offsetof(cshm_journal, phase),
    CSHM_JOURNAL_SLOT = offsetof(cshm_journal, slot),
    CSHM_JOURNAL_SIZE = sizeof(cshm_journal),
};
enum {
    CSHM_JOURNAL_ENTRY_PLACE = offsetof(cshm_journal_entry, place),
    CSHM_JOURNAL_ENTRY_VALUE = offsetof(cshm_journal_entry, value),
    CSHM_JOURNAL_ENTRY_SIZE = sizeof(cshm_journal_entry),
};
enum {
    CSHM_KSOCK_INCARNATION = offsetof(cshm_ksock, incarnation),
    CSHM_KSOCK_ID = offsetof(cshm_ksock, id),
    CSHM_KSOCK_MODE = offsetof(cshm_ksock, mode),
    CSHM_KSOCK_OWNER = offsetof(cshm_ksock, owner),
    CSHM_KSOCK_LAST_SENT = offsetof(cshm_ksock, last_sent),
    CSHM_KSOCK_BINDINGS = offsetof(cshm_ksock, bindings),
    CSHM_KSOCK_STRUCK = offsetof(cshm_ksock, struck),
    CSHM_KSOCK_FIRST_CHUNK = offsetof(cshm_ksock, first_chunk),
    CSHM_KSOCK_LAST_CHUNK = offsetof(cshm_ksock, last_chunk),
    CSHM_KSOCK_PENDING = offsetof(cshm_ksock, pending),
    CSHM_KSOCK_RESERVED_MAX = offsetof(cshm_ksock, reserved_max),
    CSHM_KSOCK_TAIL = offsetof(cshm_ksock, tail),
    CSHM_KSOCK_TOMBSTONES = offsetof(cshm_ksock, tombstones),
    CSHM_KSOCK_LAST_PUSHED = offsetof(cshm_ksock, last_pushed),
    CSHM_KSOCK_END = offsetof(cshm_ksock, end),
    CSHM_KSOCK_PASSED_SEEN = offsetof(cshm_ksock, passed_seen),
    CSHM_KSOCK_BELL = offsetof(cshm_ksock, bell),
    CSHM_KSOCK_SPECIAL = offsetof(cshm_ksock, special),
    CSHM_KSOCK_RESERVED = offsetof(cshm_ksock, reserved),
    CSHM_KSOCK_MAX_MESSAGES = offsetof(cshm_ksock, max_messages),
    CSHM_KSOCK_URGENT_COUNT = offsetof(cshm_ksock, urgent_count),
    CSHM_KSOCK_TAIL_CHUNK = offsetof(cshm_ksock, tail_chunk),
    CSHM_KSOCK_ONLY_ONCE = offsetof(cshm_ksock, only_once),
    CSHM_KSOCK_URGENT_HEAD = offsetof(cshm_ksock, urgent_head),
    CSHM_KSOCK_HEAD = offsetof(cshm_ksock, head),
    CSHM_KSOCK_PASSED = offsetof(cshm_ksock, passed),
    CSHM_KSOCK_SLEEPERS = offsetof(cshm_ksock, sleepers),
    CSHM_KSOCK_HAS_DESCRIPTOR = offsetof(cshm_ksock, has_descriptor),
    CSHM_KSOCK_RUNG = offsetof(cshm_ksock, rung),
    CSHM_KSOCK_INSIDE = offsetof(cshm_ksock, inside),
    CSHM_KSOCK_WATCHED = offsetof(cshm_ksock, watched),
    CSHM_KSOCK_NET_NAMESPACE = offsetof(cshm_ksock, net_namespace),
    CSHM_KSOCK_POPPED = offsetof(cshm_ksock, popped),
    CSHM_KSOCK_SET_ASIDE_HEAD = offsetof(cshm_ksock, set_aside_head),
    CSHM_KSOCK_SET_ASIDE_TAIL = offsetof(cshm_ksock, set_aside_tail),
    CSHM_KSOCK_SET_ASIDE_COUNT = offsetof(cshm_ksock, set_aside_count),
    CSHM_KSOCK_MISSED = offsetof(cshm_ksock, missed),
    CSHM_KSOCK_LOST_SINCE = offsetof(cshm_ksock, lost_since),
    CSHM_KSOCK_SIZE = sizeof(cshm_ksock),
};
enum {
    CSHM_HELD_POSITION = offsetof(cshm_held, position),
    CSHM_HELD_GENERATION = offsetof(cshm_held, generation),
    CSHM_HELD_SLOT = offsetof(cshm_held, slot),
    CSHM_HELD_HOLDER = offsetof(cshm_held, holder),
    CSHM_HELD_SIZE = sizeof(cshm_held),
};
enum {
    CSHM_CHUNK_OWNER = offsetof(cshm_chunk, owner),
    CSHM_CHUNK_BASE = offsetof(cshm_chunk, base),
    CSHM_CHUNK_NEXT = offsetof(cshm_chunk, next),
    CSHM_CHUNK_SIZE = sizeof(cshm_chunk),
};
enum {
    CSHM_ENTRY_STAMP = offsetof(cshm_entry, stamp),
    CSHM_ENTRY_BINDING = offsetof(cshm_entry, binding),
    CSHM_ENTRY_SLOT = offsetof(cshm_entry, slot),
    CSHM_ENTRY_HOLDER = offsetof(cshm_entry, holder),
    CSHM_ENTRY_META = offsetof(cshm_entry, meta),
    CSHM_ENTRY_REQUEST = offsetof(cshm_entry, request),
    CSHM_ENTRY_SIZE = sizeof(cshm_entry),
};
enum {
    CSHM_NODE_OWNER = offsetof(cshm_node, owner),
    CSHM_NODE_NEXT = offsetof(cshm_node, next),
    CSHM_NODE_ENTRY = offsetof(cshm_node, entry),
    CSHM_NODE_SIZE = sizeof(cshm_node),
};
enum {
    CSHM_SLOT_SENDER = offsetof(cshm_slot, sender),
    CSHM_SLOT_HOLDERS = offsetof(cshm_slot, holders),
    CSHM_SLOT_GENERATION = offsetof(cshm_slot, generation),
    CSHM_SLOT_EXTENSION = offsetof(cshm_slot, extension),
    CSHM_SLOT_EXTENSIONS = offsetof(cshm_slot, extensions),
    CSHM_SLOT_BACKED = offsetof(cshm_slot, backed),
    CSHM_SLOT_SEQUENCE = offsetof(cshm_slot, sequence),
    CSHM_SLOT_ID = offsetof(cshm_slot, id),
    CSHM_SLOT_IN_REPLY_TO = offsetof(cshm_slot, in_reply_to),
    CSHM_SLOT_ORIG_FROM = offsetof(cshm_slot, orig_from),
    CSHM_SLOT_FINAL_TO = offsetof(cshm_slot, final_to),
    CSHM_SLOT_TO = offsetof(cshm_slot, to),
    CSHM_SLOT_FROM = offsetof(cshm_slot, from),
    CSHM_SLOT_FLAGS = offsetof(cshm_slot, flags),
    CSHM_SLOT_NAME_BYTES = offsetof(cshm_slot, name_bytes),
    CSHM_SLOT_DATA_BYTES = offsetof(cshm_slot, data_bytes),
    CSHM_SLOT_NAME_PLACE = offsetof(cshm_slot, name_place),
    CSHM_SLOT_NAME = offsetof(cshm_slot, name),
    CSHM_SLOT_SIZE = sizeof(cshm_slot),
};
enum {
    CSHM_EXTENSION_OWNER = offsetof(cshm_extension, owner),
    CSHM_EXTENSION_BITS = offsetof(cshm_extension, bits),
    CSHM_EXTENSION_SIZE = sizeof(cshm_extension),
};
enum {
    CSHM_BINDING_SEQUENCE = offsetof(cshm_binding, sequence),
    CSHM_BINDING_HASH = offsetof(cshm_binding, hash),
    CSHM_BINDING_INCARNATION = offsetof(cshm_binding, incarnation),
    CSHM_BINDING_KSOCK = offsetof(cshm_binding, ksock),
    CSHM_BINDING_KIND = offsetof(cshm_binding, kind),
    CSHM_BINDING_NAME_BYTES = offsetof(cshm_binding, name_bytes),
    CSHM_BINDING_LONG_NAME = offsetof(cshm_binding, long_name),
    CSHM_BINDING_CHAIN_NEXT = offsetof(cshm_binding, chain_next),
    CSHM_BINDING_CHAIN_PREV = offsetof(cshm_binding, chain_prev),
    CSHM_BINDING_OWN_NEXT = offsetof(cshm_binding, own_next),
    CSHM_BINDING_OWN_PREV = offsetof(cshm_binding, own_prev),
    CSHM_BINDING_NAME = offsetof(cshm_binding, name),
    CSHM_BINDING_SIZE = sizeof(cshm_binding),
};
enum {
    CSHM_LONG_NAME_OWNER = offsetof(cshm_long_name, owner),
    CSHM_LONG_NAME_BYTES = offsetof(cshm_long_name, bytes),
    CSHM_LONG_NAME_SIZE = sizeof(cshm_long_name),
};
enum {
    CSHM_REQUEST_SEQUENCE = offsetof(cshm_request, sequence),
    CSHM_REQUEST_ID = offsetof(cshm_request, id),
    CSHM_REQUEST_REQUESTER_INCARNATION = offsetof(cshm_request, requester_incarnation),
    CSHM_REQUEST_REPLIER_INCARNATION = offsetof(cshm_request, replier_incarnation),
    CSHM_REQUEST_REQUESTER = offsetof(cshm_request, requester),
    CSHM_REQUEST_REPLIER = offsetof(cshm_request, replier),
    CSHM_REQUEST_POSITION = offsetof(cshm_request, position),
    CSHM_REQUEST_SIZE = sizeof(cshm_request),
};

#endif
