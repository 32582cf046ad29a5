// SPDX-License-Identifier: Apache-2.0
// Made-up traffic of a month: conversations in bursts, every message with a receipt, 60 % with a
// displayed marker, each stanza seen on its way in and on its way out. Some readers are away: their
// receipts and markers come hours later, some of their messages with a delay stamp. Same seed, same
// traffic.
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#define START INT64_C(1772323200000000) // 2026-03-01T00:00:00Z
#define MONTH (31 * USEC_PER_DAY)
#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)

enum { BURST = 6, MARKED_PERCENT = 60, WAITED_PERMILLE = 10, SLOW_PERMILLE = 10 };

struct heap { // the next record first
	struct event *items;
	size_t count, cap;
};

struct maker {
	FILE *out;
	struct heap heap;
	struct traffic *made;
	usec_t *read_until; // per pair and direction: when its reader read last
	uint64_t seed;
	int64_t wanted;
};

static uint64_t draw(struct maker *maker)
{
	uint64_t z = (maker->seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t between(struct maker *maker, int64_t lo, int64_t hi)
{
	return lo + (int64_t)(draw(maker) % (uint64_t)(hi - lo + 1));
}

static bool chance(struct maker *maker, int permille)
{
	return draw(maker) % 1000 < (uint64_t)permille;
}

static void push(struct heap *heap, const struct event *event)
{
	if (heap->count == heap->cap) {
		heap->cap = heap->cap ? heap->cap * 2 : 1024;
		heap->items = xrealloc(heap->items, heap->cap * sizeof *heap->items);
	}
	size_t at = heap->count++;
	for (; at && heap->items[(at - 1) / 2].at > event->at; at = (at - 1) / 2)
		heap->items[at] = heap->items[(at - 1) / 2];
	heap->items[at] = *event;
}

static struct event pop(struct heap *heap)
{
	struct event top = heap->items[0], last = heap->items[--heap->count];
	size_t at = 0;
	for (size_t child = 1; child < heap->count; child = at * 2 + 1) {
		child += child + 1 < heap->count &&
			 heap->items[child + 1].at < heap->items[child].at;
		if (heap->items[child].at >= last.at)
			break;
		heap->items[at] = heap->items[child];
		at = child;
	}
	heap->items[at] = last;
	return top;
}

static void write_until(struct maker *maker, usec_t until)
{
	while (maker->heap.count && maker->heap.items[0].at < until) {
		struct event event = pop(&maker->heap);
		if (fwrite(&event, sizeof event, 1, maker->out) != 1)
			bench_fail("events", "cannot be written");
		maker->made->events++;
		maker->made->last_at = event.at;
	}
}

// In at "at", out a little later.
static void pass(struct maker *maker, struct event event, usec_t out_at)
{
	event.egress = 0;
	push(&maker->heap, &event);
	event.egress = 1;
	event.stamp = event.stamp == USEC_NONE ? USEC_NONE : event.at;
	event.at = out_at;
	push(&maker->heap, &event);
}

static void acks(struct maker *maker, struct event event, usec_t reached, usec_t away)
{
	usec_t *read = &maker->read_until[event.pair * 2 + event.reversed];
	event.stamp = USEC_NONE;
	event.kind = EVENT_RECEIPT;
	event.at = reached + away + between(maker, 50000, 2000000);
	usec_t received = event.at;
	pass(maker, event, event.at + between(maker, 2000, 80000));
	maker->made->receipts++;
	if (!event.asks)
		return;
	// A reader reads in order, so that what is read later is no older.
	usec_t at = received + (chance(maker, 850)   ? between(maker, USEC_PER_SEC, MINUTE)
				: chance(maker, 900) ? between(maker, MINUTE, 20 * MINUTE)
						     : between(maker, HOUR, 20 * HOUR));
	*read = at > *read ? at : *read + 1000;
	event.at = *read;
	event.kind = EVENT_MARKER;
	pass(maker, event, event.at + between(maker, 2000, 80000));
	maker->made->markers++;
}

static void message(struct maker *maker, uint32_t pair, bool reversed, usec_t at)
{
	struct event event = {
		.at = at,
		.stamp = USEC_NONE,
		.number = (uint32_t)maker->made->messages++,
		.pair = pair,
		.kind = EVENT_MESSAGE,
		.reversed = reversed,
		.asks = chance(maker, MARKED_PERCENT * 10),
		.length = (uint32_t)(8 + between(maker, 0, 40) +
				     (chance(maker, 200) ? between(maker, 0, 120) : 0))};
	usec_t reached = at + between(maker, 2000, 80000), away = 0;
	if (chance(maker, WAITED_PERMILLE)) {
		reached = at + between(maker, 10 * MINUTE, 8 * HOUR);
		event.stamp = at;
		maker->made->waited++;
	} else if (chance(maker, SLOW_PERMILLE)) {
		away = between(maker, MINUTE, 4 * HOUR);
	}
	pass(maker, event, reached);
	acks(maker, event, reached, away);
}

static void burst(struct maker *maker, usec_t at)
{
	// Few pairs talk much, many seldom.
	uint64_t a = draw(maker) % PAIRS, b = draw(maker) % PAIRS;
	uint32_t pair = (uint32_t)(a * b / PAIRS);
	bool reversed = chance(maker, 500);
	int64_t length = between(maker, 1, 2 * BURST - 1);
	for (int64_t i = 0; i < length && maker->made->messages < maker->wanted; i++) {
		message(maker, pair, reversed, at);
		at += between(maker, 3 * USEC_PER_SEC, 90 * USEC_PER_SEC);
		reversed ^= chance(maker, 500);
	}
}

void traffic_write(const char *path, int64_t messages, struct traffic *made)
{
	*made = (struct traffic){.first_at = START};
	struct maker maker = {.out = fopen(path, "we"),
			      .made = made,
			      .read_until = xcalloc(PAIRS * 2, sizeof(usec_t)),
			      .seed = 1,
			      .wanted = messages};
	if (!maker.out)
		bench_fail(path, "cannot be written");
	usec_t step = MONTH / (messages / BURST + 1);
	for (usec_t at = START; made->messages < messages; at += between(&maker, 1, 2 * step)) {
		write_until(&maker, at);
		burst(&maker, at);
	}
	write_until(&maker, INT64_MAX);
	if (fclose(maker.out) != 0)
		bench_fail(path, "cannot be written");
	free(maker.heap.items);
	free(maker.read_until);
}
