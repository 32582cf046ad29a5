// SPDX-License-Identifier: Apache-2.0
// The spool of a feed: whole or not at all, wherever it is cut (F61), and never believed when the disk
// failed (F62).
#include "tests/unit/dialect_harness.h"

#include "core/log.h"
#include "ingest/spool_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The program's calls come here first: the disk fails when a test says so.
static int sync_fails;
static _Atomic int sync_waits, write_fails, syncs;

ssize_t write(int fd, const void *bytes, size_t size)
{
	if (write_fails && size > 100) { // a block, no mark
		write_fails = 0;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_write, fd, bytes, size);
}

int fdatasync(int fd)
{
	syncs++;
	for (int i = 0; sync_waits && i < 5000; i++)
		usleep(1000);
	if (sync_fails > 0 && --sync_fails == 0) {
		errno = EIO;
		return -1;
	}
	return fsync(fd);
}

struct place {
	char dir[64], path[128], lock[128];
	struct log *log;
	struct spool *spool;
	bool veil;
	size_t duplicates;
};

static bool try_to_open(struct place *place, struct spool **spool, struct err *err)
{
	struct spool_options options = {
		.dir = place->dir, .limit = 1 << 20, .veil = place->veil, .log = place->log};
	return spool_open(&options, spool, err);
}

static void open_spool(struct place *place)
{
	struct err err = {0};
	if (!try_to_open(place, &place->spool, &err))
		fail_msg("%s", err.text);
}

static void begin(struct place *place)
{
	*place = (struct place){.dir = "/tmp/receiptd-spool-XXXXXX", .log = log_new(-1, LOG_ERROR)};
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->path, sizeof place->path, "%s/000000000001.spool", place->dir);
	snprintf(place->lock, sizeof place->lock, "%s/lock", place->dir);
	open_spool(place);
}

static void end(struct place *place)
{
	char path[512];
	spool_close(place->spool);
	DIR *dir = opendir(place->dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		snprintf(path, sizeof path, "%s/%s", place->dir, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(place->dir);
	log_free(place->log);
}

static enum spool_result put(struct place *place, const char *id, const char *xml)
{
	struct err err = {0};
	struct spool_outcome outcome;
	struct spool_item item = {.kind = SPOOL_STANZA,
				  .at = 1000,
				  .dir = DIR_IN,
				  .session = TEXT("a@b/c"),
				  .xml = text_of(xml)};
	return spool_deliver(
		place->spool,
		&(struct spool_delivery){.id = text_of(id), .items = &item, .count = 1}, &outcome,
		&err);
}

static struct buf file_of(const char *path)
{
	struct buf bytes = {0};
	FILE *file = fopen(path, "rb");
	for (int c; file && (c = fgetc(file)) != EOF;)
		buf_char(&bytes, (char)c);
	if (file)
		fclose(file);
	return bytes;
}

static void write_file(const char *path, struct text bytes)
{
	FILE *file = fopen(path, "wb");
	assert_int_equal(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
	fclose(file);
}

// What a follower sees of these bytes, in steps of so many.
static size_t stanzas_of(struct text bytes, size_t step)
{
	struct run *run = run_text("spool", "UTC", 0, bytes, step);
	size_t count = run->stanzas;
	run_free(run);
	return count;
}

static void what_was_put_is_read(void **state)
{
	struct place place;
	(void)state;
	begin(&place);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put(&place, NULL, "<message>\n\"block 1\nok 2\n\"</message>"),
				 SPOOL_DONE);
	struct buf bytes = file_of(place.path);
	const size_t steps[] = {1, 7, 100000};
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(stanzas_of(buf_view(&bytes), steps[i]), 5);
	buf_free(&bytes);
	end(&place);
}

// F61: a segment that ends anywhere is the whole blocks before that place; the next process ends it there,
// and knows of no delivery that was cut.
static void cut_at_every_byte(void **state)
{
	struct place place;
	(void)state;
	begin(&place);
	put(&place, "one", "<message id='1'/>");
	struct buf before = file_of(place.path);
	put(&place, "two", "<message id='2'/>");
	spool_close(place.spool);
	struct buf whole = file_of(place.path);
	for (size_t cut = before.len; cut < whole.len; cut++) {
		write_file(place.path, (struct text){whole.data, cut});
		open_spool(&place);
		struct buf bytes = file_of(place.path);
		size_t count = stanzas_of(buf_view(&bytes), 4096);
		bool has_two = memmem(bytes.data, bytes.len, "id='2'", 6) != NULL;
		assert_int_equal(count, has_two ? 2 : 1);
		assert_int_equal(put(&place, "two", "<message id='2'/>"), SPOOL_DONE);
		spool_close(place.spool);
		char next[128];
		snprintf(next, sizeof next, "%s/000000000002.spool", place.dir);
		assert_int_equal(access(next, F_OK) == 0, !has_two); // taken anew, or known
		unlink(next);
		buf_free(&bytes);
	}
	open_spool(&place);
	buf_free(&before);
	buf_free(&whole);
	end(&place);
}

// F61: a bit that flipped costs the block that it is in, which is told.
static void flipped_anywhere(void **state)
{
	struct place place;
	(void)state;
	begin(&place);
	for (int i = 0; i < 4; i++)
		put(&place, NULL, "<message id='1'/>");
	struct buf bytes = file_of(place.path);
	const char *first = memmem(bytes.data, bytes.len, "ok ", 3);
	for (size_t at = (size_t)(first - bytes.data) + 20; at < bytes.len; at++) {
		bytes.data[at] ^= 0x10;
		struct run *run = run_text("spool", "UTC", 0, buf_view(&bytes), 4096);
		size_t count = run->stanzas;
		bool last = at + 130 > bytes.len; // what stands behind it may be needed to count it
		if (count < 2 || (count < 4 && !last && !run->quarantined))
			fail_msg("byte %zu: %zu stanzas, %zu in quarantine", at, count,
				 run->quarantined);
		run_free(run);
		bytes.data[at] ^= 0x10;
	}
	buf_free(&bytes);
	end(&place);
}

// F62: nothing of a segment whose fsync failed is believed; the next delivery begins another one.
static void fsync_fails(void **state)
{
	struct place place;
	(void)state;
	begin(&place);
	assert_int_equal(put(&place, "one", "<message id='1'/>"), SPOOL_DONE);
	sync_fails = 1;
	assert_int_equal(put(&place, "two", "<message id='2'/>"), SPOOL_FAILED);
	struct buf bytes = file_of(place.path);
	assert_int_equal(stanzas_of(buf_view(&bytes), 4096), 1);
	assert_null(memmem(bytes.data, bytes.len, "id='2'", 6));
	assert_int_equal(put(&place, "two", "<message id='2'/>"), SPOOL_DONE); // not a duplicate
	assert_false(spool_is_broken(place.spool));
	buf_free(&bytes);
	end(&place);
}

static void *put_two(void *place)
{
	return (void *)(uintptr_t)put(place, "two", "<message id='2'/>");
}

static void *put_three(void *place)
{
	return (void *)(uintptr_t)put(place, "three", "<message id='3'/>");
}

static void *put_four(void *place)
{
	return (void *)(uintptr_t)put(place, "four", "<message id='4'/>");
}

// F62: while an fsync is under way a write fails, and the next segment is begun before the failed one is closed.
// The failed one keeps what was durable in it, whatever the size of the other.
static void a_write_fails_beside_an_fsync(void **state)
{
	struct place place;
	pthread_t threads[3];
	(void)state;
	begin(&place);
	for (int i = 0; i < 3; i++) {
		char id[8] = {'o', (char)('0' + i)};
		assert_int_equal(put(&place, id, "<message id='1'/>"), SPOOL_DONE);
	}
	int before = syncs;
	sync_waits = 1;
	pthread_create(&threads[0], NULL, put_two, &place);
	while (syncs == before)
		usleep(1000);
	write_fails = 1;
	pthread_create(&threads[1], NULL, put_three, &place);
	while (write_fails)
		usleep(1000);
	usleep(20000); // it waits for the fsync now
	pthread_create(&threads[2], NULL, put_four, &place);
	usleep(20000);
	sync_waits = 0;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	struct buf bytes = file_of(place.path);
	assert_int_equal(stanzas_of(buf_view(&bytes), 4096), 3);
	buf_free(&bytes);
	end(&place);
}

static void no_segment_can_be_made(void **state)
{
	struct place place;
	(void)state;
	begin(&place);
	unlink(place.lock);
	assert_int_equal(rmdir(place.dir), 0);
	assert_int_equal(put(&place, "one", "<message/>"), SPOOL_FAILED); // F63
	assert_true(spool_is_broken(place.spool));
	assert_int_equal(mkdir(place.dir, 0700), 0);
	assert_int_equal(put(&place, "one", "<message/>"), SPOOL_DONE);
	assert_false(spool_is_broken(place.spool));
	end(&place);
}

// The head of a new segment knows what the ones before it knew.
static void memory_goes_on(void **state)
{
	struct place place;
	(void)state;
	begin(&place);
	put(&place, "one", "<message id='1'/>");
	for (int i = 0; i < 3; i++) {
		spool_close(place.spool);
		open_spool(&place);
		char id[16];
		snprintf(id, sizeof id, "more%d", i);
		put(&place, id, "<message id='2'/>");
		assert_true(i == 0 || spool_is_left(place.path));
		if (i)
			spool_remove(place.path);
	}
	uint64_t newest;
	int64_t size = spool_folder_size(place.dir, &newest);
	assert_int_equal(put(&place, "one", "<message id='1'/>"), SPOOL_DONE);
	assert_int_equal(spool_folder_size(place.dir, &newest), size); // known
	assert_int_equal(spool_last_at(place.spool), 1000);
	end(&place);
}

// Who opens the folder beside a process that is in the middle of a block would cut it off.
static void one_process_at_a_time(void **state)
{
	struct place place;
	struct spool *second = NULL;
	struct err err = {0};
	(void)state;
	begin(&place);
	assert_int_equal(put(&place, "one", "<message id='1'/>"), SPOOL_DONE);
	struct buf half = file_of(place.path);
	buf_zstr(&half, "block 5");
	write_file(place.path, buf_view(&half));
	assert_false(try_to_open(&place, &second, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, place.dir));
	assert_non_null(strstr(err.text, "another receiptd uses it"));
	struct buf after = file_of(place.path);
	assert_int_equal(after.len, half.len);
	assert_memory_equal(after.data, half.data, half.len);
	// The first one's end gives the folder free.
	spool_close(place.spool);
	open_spool(&place);
	buf_free(&after);
	buf_free(&half);
	end(&place);
}

// It stays in the folder and is nothing that is counted, left or removed.
static void the_lock_is_no_segment(void **state)
{
	struct place place;
	struct stat st;
	uint64_t newest;
	(void)state;
	begin(&place);
	write_file(place.lock, TEXT("of somebody"));
	assert_int_equal(spool_folder_size(place.dir, &newest), 0);
	assert_int_equal(newest, 0);
	put(&place, "one", "<message id='1'/>");
	assert_false(spool_is_left(place.lock));
	spool_close(place.spool);
	open_spool(&place); // tidies up
	assert_int_equal(stat(place.lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	// A link at its name is not followed.
	spool_close(place.spool);
	unlink(place.lock);
	assert_int_equal(symlink(place.path, place.lock), 0);
	struct err err = {0};
	assert_false(try_to_open(&place, &place.spool, &err));
	assert_int_equal(err.kind, ERR_STORAGE);
	unlink(place.lock);
	open_spool(&place);
	end(&place);
}

static bool holds(const struct buf *bytes, const char *word)
{
	return memmem(bytes->data, bytes->len, word, strlen(word)) != NULL;
}

static void put_numbered(struct place *place, int64_t number)
{
	struct err err = {0};
	struct spool_outcome outcome;
	struct spool_item item = {.kind = SPOOL_STANZA,
				  .at = 5000,
				  .dir = DIR_IN,
				  .xml = TEXT("<message/>"),
				  .number = number};
	assert_int_equal(spool_deliver(place->spool,
				       &(struct spool_delivery){
					       .stream = TEXT("s"), .items = &item, .count = 1},
				       &outcome, &err),
			 SPOOL_DONE);
	place->duplicates = outcome.duplicates;
}

// F195: where bodies are not stored nothing in a segment can be read, but by who follows it; positions count bytes
// of the file.
static void veiled(void **state)
{
	struct place place;
	char key[128], next[128];
	(void)state;
	begin(&place);
	put(&place, "zero", "<message id='0'><body>plain</body></message>");
	spool_close(place.spool);
	place.veil = true;
	open_spool(&place); // begins a segment at once, so that the plain one goes
	assert_true(spool_is_left(place.path));
	snprintf(next, sizeof next, "%s/000000000002.spool", place.dir);
	snprintf(key, sizeof key, "%s/000000000002.key", place.dir);
	put(&place, "one", "<message id='1'><body>canary</body></message>");
	put_numbered(&place, 7);
	struct buf bytes = file_of(next);
	assert_false(holds(&bytes, "canary") || holds(&bytes, "a@b/c") ||
		     holds(&bytes, "<message"));
	struct stat st;
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	run_path = next;
	for (size_t step = 1; step < 2000; step += 333)
		assert_int_equal(stanzas_of(buf_view(&bytes), step), 2);
	struct run *run = run_text("spool", "UTC", 0, buf_view(&bytes), 64);
	assert_true(holds(&run->said, "canary"));
	const char *veil = memmem(bytes.data, bytes.len, "veiled\n", 7);
	assert_non_null(veil);
	run_free(run);
	// What the spool knows outlives its process, though it is veiled, too.
	spool_close(place.spool);
	open_spool(&place);
	put_numbered(&place, 7);
	assert_int_equal(place.duplicates, 1);
	assert_int_equal(spool_last_at(place.spool), 5000);
	// Without the key it is damage, which is told.
	unlink(key);
	run = run_text("spool", "UTC", 0, buf_view(&bytes), 64);
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->quarantined, 2);
	run_free(run);
	run_path = NULL;
	buf_free(&bytes);
	end(&place);
}

// F187: a segment is left when that is asked for, whether or not anything follows; its key goes with it.
static void left_when_asked(void **state)
{
	struct place place;
	struct err err = {0};
	char path[128];
	(void)state;
	begin(&place);
	assert_true(spool_leave(place.spool, &err)); // nothing was ever put
	assert_int_not_equal(access(place.path, F_OK), 0);
	place.veil = true;
	spool_close(place.spool);
	open_spool(&place);
	put(&place, "one", "<message id='1'/>");
	assert_false(spool_is_left(place.path));
	assert_true(spool_leave(place.spool, &err));
	assert_true(spool_is_left(place.path));
	assert_int_equal(put(&place, "one", "<message id='1'/>"), SPOOL_DONE); // known
	snprintf(path, sizeof path, "%s/000000000001.key", place.dir);
	assert_int_equal(access(path, F_OK), 0);
	spool_remove(place.path);
	assert_int_not_equal(access(path, F_OK), 0);
	// After a restart, too, when no segment of this process is open.
	spool_close(place.spool);
	open_spool(&place);
	assert_true(spool_leave(place.spool, &err));
	snprintf(path, sizeof path, "%s/000000000002.spool", place.dir);
	assert_true(spool_is_left(path));
	end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(veiled),
		cmocka_unit_test(left_when_asked),
		cmocka_unit_test(what_was_put_is_read),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(flipped_anywhere),
		cmocka_unit_test(fsync_fails),
		cmocka_unit_test(a_write_fails_beside_an_fsync),
		cmocka_unit_test(no_segment_can_be_made),
		cmocka_unit_test(memory_goes_on),
		cmocka_unit_test(one_process_at_a_time),
		cmocka_unit_test(the_lock_is_no_segment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
