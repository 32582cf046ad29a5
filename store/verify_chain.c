// SPDX-License-Identifier: Apache-2.0
// Heads: each names the one before it, is signed with the key that was introduced, stands for the leaves that are
// stored, and is the same as its file and as one that was kept elsewhere (F183, F184).
#include "store/verify.h"

#include <stdio.h>
#include <unistd.h>

struct link { // one head and what comes before it
	struct verifying *it;
	const struct sealed *seal, *before;
	struct seal_head head, old;
};

static void fault(const struct link *link, const char *what)
{
	verify_complain(link->it, link->seal, "seal", what, NULL);
}

static void check_fields(const struct link *link)
{
	const struct sealed *seal = link->seal;
	const struct seal_head *head = &link->head;
	bool same = head->number == seal->number && head->day == seal->day &&
		    head->after == seal->after && head->upto == seal->upto &&
		    head->since == seal->since && head->until == seal->until &&
		    head->leaves == seal->leaves && seal->root.n == HASH &&
		    memcmp(head->root, seal->root.p, HASH) == 0;
	if (!same)
		fault(link, "the table does not say what the signed head says");
}

static void check_order(const struct link *link, size_t index)
{
	struct digest *digest = link->it->digest;
	unsigned char previous[HASH] = {0}, log[HASH];
	const struct sealed *before = link->before;
	if (before) {
		digest_start(digest);
		digest_add(digest, before->head.p, before->head.n);
		digest_end(digest, previous);
	}
	chain_log(&link->it->chain, digest, index, log);
	if (link->seal->number != (int32_t)index + 1)
		fault(link, "a number is missing before it");
	if (memcmp(link->head.previous, previous, HASH) != 0 ||
	    memcmp(link->head.log, log, HASH) != 0)
		fault(link, "it does not follow the head before it");
	if (before && (link->head.after != before->upto || link->head.since != before->until))
		fault(link, "it does not begin where the one before it ended");
}

static void check_signature(const struct link *link)
{
	const struct sealed *seal = link->seal;
	const unsigned char *key = link->head.key;
	if (seal->signature.n != SIGNATURE ||
	    !seal_check_signature(key, seal->head, (const unsigned char *)seal->signature.p))
		fault(link, "its signature is wrong");
	else if (!seal_ssh_check(key, seal->head, seal->ssh))
		fault(link, "its signature for ssh-keygen is wrong");
	if (link->before &&
	    memcmp(key, link->old.has_next ? link->old.next : link->old.key, ED25519) != 0)
		fault(link, "it is signed with a key that no head before it introduced");
}

static bool check_tree(const struct link *link, struct err *err)
{
	unsigned char root[HASH];
	struct err why = {0};
	uint64_t leaves = link->head.leaves < 0 ? 0 : (uint64_t)link->head.leaves;
	if (leaf_range_root(link->it->side, link->it->digest, link->seal->number, 0,
			    leaves ? leaves : 1, root, &why)) {
		if (!leaves || memcmp(root, link->head.root, HASH) != 0)
			fault(link, "the stored leaves do not give the signed root");
		return true;
	}
	if (why.kind != ERR_DIFFERS)
		return err_set(err, why.kind, "%s", why.text);
	if (leaves)
		fault(link, "stored leaves are missing or damaged");
	return true;
}

static void check_file(const struct link *link)
{
	char folder[SEAL_PATH], path[SEAL_PATH + 32];
	struct buf text = {0};
	struct err ignored;
	seal_folder(link->it->app, folder);
	snprintf(path, sizeof path, "%s/%06d.head", folder, link->seal->number);
	if (access(path, F_OK) == 0 && (!seal_file_get(path, &text, &ignored) ||
					!text_same(buf_view(&text), link->seal->head)))
		fault(link, "it is not the head in the folder of seals");
	buf_free(&text);
}

static bool check_link(struct verifying *it, size_t index, struct err *err)
{
	struct sealed *seals = it->chain.seals.items;
	struct link link = {
		.it = it, .seal = &seals[index], .before = index ? &seals[index - 1] : NULL};
	if (!head_parse(link.seal->head, &link.head)) {
		fault(&link, "its head cannot be read");
		return true;
	}
	if (link.before && !head_parse(link.before->head, &link.old))
		return true; // said already
	check_fields(&link);
	check_order(&link, index);
	check_signature(&link);
	check_file(&link);
	return check_tree(&link, err);
}

// --- who vouches for the keys ---

static bool check_first_key(struct verifying *it, struct err *err)
{
	unsigned char key[ED25519];
	struct seal_head head;
	if (!it->request->key_file)
		return true;
	if (!seal_public_load(it->request->key_file, key, err))
		return false;
	if (it->chain.seals.count && head_parse(it->chain.seals.items[0].head, &head) &&
	    memcmp(head.key, key, ED25519) != 0)
		verify_complain(it, &it->chain.seals.items[0], "seal",
				"it is not signed with the key that was given", NULL);
	return true;
}

// Whoever has the signing key here knows at once when somebody else signed all of it anew.
static void check_own_key(struct verifying *it)
{
	char path[SEAL_PATH];
	unsigned char public[ED25519];
	struct err ignored = {0};
	struct seal_head head;
	size_t count = it->chain.seals.count;
	const struct sealed *last = count ? &it->chain.seals.items[count - 1] : NULL;
	seal_key_path(it->app, NULL, "", path);
	struct seal_key *key = last ? seal_key_load(path, &ignored) : NULL;
	if (!key)
		return;
	seal_key_public(key, public);
	if (head_parse(last->head, &head) && memcmp(head.key, public, ED25519) != 0 &&
	    (!head.has_next || memcmp(head.next, public, ED25519) != 0))
		verify_complain(it, last, "seal",
				"it is not signed with the signing key of this host", NULL);
	seal_key_free(key);
}

// --- what was kept elsewhere ---

static bool check_kept(struct verifying *it, struct err *err)
{
	struct buf text = {0};
	struct seal_head head;
	const char *path = it->request->head_file;
	if (!path)
		return true;
	bool fine = seal_file_get(path, &text, err);
	bool is_head = fine && head_parse(buf_view(&text), &head);
	if (fine && !is_head)
		fine = err_set(err, ERR_INPUT, "%s: not the head of a seal", path);
	size_t at = is_head ? (size_t)head.number - 1 : 0;
	if (is_head && (head.number < 1 || at >= it->chain.seals.count))
		verify_complain(
			it, &(struct sealed){.number = head.number, .day = head.day}, "seal",
			"the head that was kept has no seal here: the last days were cut off",
			NULL);
	else if (is_head && !text_same(it->chain.seals.items[at].head, buf_view(&text)))
		verify_complain(it, &it->chain.seals.items[at], "seal",
				"it is not the head that was kept: the chain was made anew", NULL);
	buf_free(&text);
	return fine;
}

static void check_folder(struct verifying *it)
{
	int32_t newest = seal_folder_newest(it->app);
	if (newest > (int32_t)it->chain.seals.count)
		verify_complain(
			it, &(struct sealed){.number = newest, .day = USEC_NONE}, "seal",
			"its head is in the folder of seals and not in the database: the last "
			"days were cut off",
			NULL);
}

bool verify_chain(struct verifying *it, struct err *err)
{
	for (size_t i = 0; i < it->chain.seals.count && !*it->app->stop; i++)
		if (!check_link(it, i, err))
			return false;
	check_folder(it);
	check_own_key(it);
	return check_first_key(it, err) && check_kept(it, err);
}
