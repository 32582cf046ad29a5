// SPDX-License-Identifier: Apache-2.0
// Three tables: connections by id, streams by id, JIDs of raw connections. What is remembered:
//     s:<connection>  "jid", or "?" not bound, with "w" if something was written, "t" if a gap was
//                     told, or the number of records without bytes
//     i:<stream>      "#" and its JID: its raw bytes are in the log; else the JID of its session
//     j:<jid>         "+" a raw connection has it, "-" one had it
//     h:<domain>      is of this server
//     v:<printer>     such lines (raw: of bound sessions) are in the log
#include "ingest/dialects/openfire_debugger.h"

#include "core/settings.h"

#include <stdlib.h>

enum { BUCKETS = 4096, LIMIT = 100000, HOSTS_LIMIT = 256 };

struct entry { // of streams and JIDs
	struct entry *next;
	char *key, *value; // key with its letter
	uint64_t seen;
};

struct debug_sessions {
	const struct dialect_sink *sink;
	struct string_list hosts;
	struct debug_connection *connections[BUCKETS];
	struct entry *entries[BUCKETS];
	size_t connection_count, entry_count;
	uint64_t events;
};

static char *copy(struct text text)
{
	char *out = xcalloc(text.n + 1, 1);
	if (text.n)
		memcpy(out, text.p, text.n);
	return out;
}

static uint32_t bucket_of(struct text key)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < key.n; i++)
		hash = (hash ^ (unsigned char)key.p[i]) * 16777619U;
	return hash % BUCKETS;
}

struct debug_sessions *debug_sessions_new(const struct dialect_sink *sink,
					  const struct string_list *hosts)
{
	struct debug_sessions *sessions = xcalloc(1, sizeof *sessions);
	sessions->sink = sink;
	for (size_t i = 0; hosts && i < hosts->count; i++)
		string_list_add(&sessions->hosts, text_of(hosts->items[i]));
	return sessions;
}

static void free_connection(struct debug_sessions *sessions, struct debug_connection **at)
{
	struct debug_connection *gone = *at;
	*at = gone->next;
	debug_half_free(&gone->read);
	debug_half_free(&gone->written);
	free(gone->stream);
	free(gone->jid);
	free(gone->id);
	free(gone);
	sessions->connection_count--;
}

static void free_entry(struct debug_sessions *sessions, struct entry **at)
{
	struct entry *gone = *at;
	*at = gone->next;
	free(gone->key);
	free(gone->value);
	free(gone);
	sessions->entry_count--;
}

void debug_sessions_free(struct debug_sessions *sessions)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (sessions->connections[i])
			free_connection(sessions, &sessions->connections[i]);
		while (sessions->entries[i])
			free_entry(sessions, &sessions->entries[i]);
	}
	string_list_free(&sessions->hosts);
	free(sessions);
}

static void remember(struct debug_sessions *sessions, struct text key, const char *value)
{
	sessions->sink->remember(sessions->sink->self, key, text_of(value));
}

static struct text key_of(struct buf *buf, char kind, struct text name)
{
	buf->len = 0;
	buf_char(buf, kind);
	buf_char(buf, ':');
	buf_text(buf, name);
	return buf_view(buf);
}

static bool add_host(struct debug_sessions *sessions, struct text host)
{
	bool news = host.n && sessions->hosts.count < HOSTS_LIMIT &&
		    !string_list_has(&sessions->hosts, host);
	if (news)
		string_list_add(&sessions->hosts, host);
	return news;
}

// A domain may be known of a session that is kept no longer, or of none.
static void learn_host(struct debug_sessions *sessions, struct text jid)
{
	struct buf key = {0};
	struct text host = jid_domain_of(jid);
	if (add_host(sessions, host))
		remember(sessions, key_of(&key, 'h', host), "1");
	buf_free(&key);
}

bool debug_is_host(const struct debug_sessions *sessions, struct text domain)
{
	return domain.p && string_list_has(&sessions->hosts, domain);
}

// --- streams, JIDs ---

static struct entry **entry_place(struct debug_sessions *sessions, struct text key)
{
	struct entry **at = &sessions->entries[bucket_of(key)];
	while (*at && !text_is(key, (*at)->key))
		at = &(*at)->next;
	return at;
}

static const char *get(struct debug_sessions *sessions, char kind, struct text name)
{
	struct buf key = {0};
	struct entry *entry = name.p ? *entry_place(sessions, key_of(&key, kind, name)) : NULL;
	buf_free(&key);
	if (!entry)
		return NULL;
	entry->seen = ++sessions->events;
	return entry->value;
}

// The older half goes.
static void make_room(struct debug_sessions *sessions)
{
	uint64_t limit = sessions->events / 2;
	for (; sessions->entry_count >= LIMIT; limit += (sessions->events - limit) / 2 + 1)
		for (size_t i = 0; i < BUCKETS; i++)
			for (struct entry **at = &sessions->entries[i]; *at;) {
				if ((*at)->seen > limit) {
					at = &(*at)->next;
					continue;
				}
				remember(sessions, text_of((*at)->key), NULL);
				free_entry(sessions, at);
			}
}

static void put(struct debug_sessions *sessions, struct text key, struct text value, bool news)
{
	struct entry **at = entry_place(sessions, key);
	if (!*at) {
		if (sessions->entry_count >= LIMIT)
			make_room(sessions);
		at = entry_place(sessions, key);
		*at = xcalloc(1, sizeof **at);
		(*at)->key = copy(key);
		sessions->entry_count++;
	} else if (text_is(value, (*at)->value)) {
		return;
	}
	free((*at)->value);
	(*at)->value = copy(value);
	(*at)->seen = ++sessions->events;
	if (news)
		remember(sessions, text_of((*at)->key), (*at)->value);
}

static void set(struct debug_sessions *sessions, char kind, struct text name, struct text value)
{
	struct buf key = {0};
	put(sessions, key_of(&key, kind, name), value, true);
	buf_free(&key);
}

bool debug_stream_raw(struct debug_sessions *sessions, struct text stream)
{
	const char *value = get(sessions, 'i', stream);
	return value && value[0] == '#';
}

void debug_stream_bind(struct debug_sessions *sessions, struct text stream, struct text jid)
{
	learn_host(sessions, jid);
	if (stream.n && !debug_stream_raw(sessions, stream))
		set(sessions, 'i', stream, jid);
}

struct text debug_stream_jid(struct debug_sessions *sessions, struct text stream)
{
	const char *value = stream.n ? get(sessions, 'i', stream) : NULL;
	return value && value[0] != '#' ? text_of(value) : TEXT_NONE;
}

bool debug_jid_raw(struct debug_sessions *sessions, struct text jid, bool ever)
{
	const char *value = get(sessions, 'j', jid);
	return value && (ever || value[0] == '+');
}

static struct text printer_name(enum debug_printer printer)
{
	static const char *const names[] = {"raw", "int", "interpreted"};
	return text_of(names[printer]);
}

bool debug_sees(const struct debug_sessions *sessions, enum debug_printer printer)
{
	return get((struct debug_sessions *)(uintptr_t)sessions, 'v', printer_name(printer)) !=
	       NULL;
}

void debug_saw(struct debug_sessions *sessions, enum debug_printer printer)
{
	if (!debug_sees(sessions, printer))
		set(sessions, 'v', printer_name(printer), TEXT("1"));
}

// --- connections ---

static struct debug_connection **place(struct debug_sessions *sessions, struct text id)
{
	struct debug_connection **at = &sessions->connections[bucket_of(id)];
	while (*at && !text_is(id, (*at)->id))
		at = &(*at)->next;
	return at;
}

struct debug_connection *debug_connection_find(struct debug_sessions *sessions, struct text id)
{
	struct debug_connection *found = *place(sessions, id);
	if (found)
		found->seen = ++sessions->events;
	return found;
}

void debug_connection_tell(struct debug_sessions *sessions, struct debug_connection *connection)
{
	struct buf key = {0};
	char open[] = "?0";
	open[1] = connection->told    ? 't'
		  : connection->wrote ? 'w'
				      : (char)('0' + connection->missing % 10);
	remember(sessions, key_of(&key, 's', text_of(connection->id)),
		 connection->jid ? connection->jid : open);
	buf_free(&key);
}

// Connections whose end was not in the log: the older half goes, but none that waits for bytes.
static void make_room_for_connection(struct debug_sessions *sessions)
{
	uint64_t limit = sessions->events - (sessions->events - 1) / 2;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct debug_connection **at = &sessions->connections[i]; *at;) {
			struct debug_connection *one = *at;
			if (one->seen > limit || debug_half_rest(&one->read).n)
				at = &one->next;
			else
				debug_connection_end(sessions, one);
		}
}

struct debug_connection *debug_connection(struct debug_sessions *sessions, struct text id)
{
	struct debug_connection *found = debug_connection_find(sessions, id);
	if (found)
		return found;
	if (sessions->connection_count >= LIMIT)
		make_room_for_connection(sessions);
	struct debug_connection **at = place(sessions, id);
	*at = xcalloc(1, sizeof **at);
	(*at)->id = copy(id);
	(*at)->seen = ++sessions->events;
	sessions->connection_count++;
	return *at;
}

void debug_connection_wrote(struct debug_sessions *sessions, struct debug_connection *connection)
{
	bool news = !connection->wrote;
	connection->wrote = true;
	if (news)
		debug_connection_tell(sessions, connection);
}

void debug_connection_unbind(struct debug_sessions *sessions, struct debug_connection *connection)
{
	if (!connection->jid)
		return;
	set(sessions, 'j', text_of(connection->jid), TEXT("-"));
	free(connection->jid);
	connection->jid = NULL;
	debug_connection_tell(sessions, connection);
}

static void mark_stream(struct debug_sessions *sessions, const struct debug_connection *connection)
{
	struct buf value = {0};
	buf_printf(&value, "#%s", connection->jid ? connection->jid : "");
	set(sessions, 'i', text_of(connection->stream), buf_view(&value));
	buf_free(&value);
}

void debug_connection_bind(struct debug_sessions *sessions, struct debug_connection *connection,
			   struct text jid)
{
	if (connection->jid && text_is(jid, connection->jid))
		return;
	char *fresh = copy(jid);
	debug_connection_unbind(sessions, connection);
	connection->jid = fresh;
	learn_host(sessions, text_of(fresh));
	set(sessions, 'j', text_of(fresh), TEXT("+"));
	debug_connection_tell(sessions, connection);
	if (connection->stream)
		mark_stream(sessions, connection);
}

void debug_connection_head(struct debug_sessions *sessions, struct debug_connection *connection,
			   struct text stream)
{
	if (connection->stream && text_is(stream, connection->stream))
		return;
	free(connection->stream);
	connection->stream = copy(stream);
	mark_stream(sessions, connection);
}

void debug_connection_resume(struct debug_sessions *sessions, struct debug_connection *connection,
			     struct text stream)
{
	const char *value = get(sessions, 'i', stream);
	if (!value || value[0] != '#' || !value[1])
		return;
	char *jid = copy(text_of(value + 1));
	debug_connection_bind(sessions, connection, text_of(jid));
	free(jid);
}

void debug_component_is_raw(struct debug_sessions *sessions, struct text domain)
{
	set(sessions, 'j', domain, TEXT("-"));
}

void debug_connection_end(struct debug_sessions *sessions, struct debug_connection *connection)
{
	struct buf key = {0};
	bool known =
		connection->jid || connection->told || connection->missing || connection->wrote;
	debug_connection_unbind(sessions, connection);
	if (known)
		remember(sessions, key_of(&key, 's', text_of(connection->id)), NULL);
	struct debug_connection **at = place(sessions, text_of(connection->id));
	if (*at)
		free_connection(sessions, at);
	buf_free(&key);
}

void debug_connections(struct debug_sessions *sessions, void *self,
		       bool (*visit)(void *self, struct debug_connection *connection))
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct debug_connection *one = sessions->connections[i]; one;) {
			struct debug_connection *next = one->next;
			if (!visit(self, one))
				return;
			one = next;
		}
}

void debug_sessions_recall(struct debug_sessions *sessions, struct text key, struct text value)
{
	if (key.n < 2 || key.p[1] != ':' || !value.n)
		return;
	struct text name = {key.p + 2, key.n - 2};
	if (key.p[0] == 's') {
		struct debug_connection *connection = debug_connection(sessions, name);
		bool open = value.p[0] == '?' && value.n > 1;
		connection->told = open && value.p[1] == 't';
		connection->wrote = value.p[0] != '?' || (open && value.p[1] == 'w');
		if (open && value.p[1] >= '0' && value.p[1] <= '9')
			connection->missing = (unsigned)(value.p[1] - '0');
		if (value.p[0] != '?' && !connection->jid)
			connection->jid = copy(value);
		add_host(sessions, connection->jid ? jid_domain_of(value) : TEXT_NONE);
	} else if (strchr("ijv", key.p[0])) {
		put(sessions, key, value, false);
		if (key.p[0] == 'j' && jid_is_full(name))
			add_host(sessions, jid_domain_of(name));
	} else if (key.p[0] == 'h') {
		add_host(sessions, name);
	}
}
