// SPDX-License-Identifier: Apache-2.0
// What most database tests begin with: one cluster and one connection for the program, a realm of its
// own for every test, so that none sees the rows of another. Included by one file of a program.
#ifndef TESTS_DB_STAGE_H
#define TESTS_DB_STAGE_H

#include "tests/db/fixture.h"
#include "tests/db/sample.h"

#include <stdatomic.h>
#include <stdio.h>

static struct fixture fixture;
static struct store *store;
static struct sample sample;
static int realms;
static const atomic_int never;

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	fixture.app.stop = &never;
	store = fixture_open(&fixture, STORE_WRITE);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	store_close(store);
	fixture_stop(&fixture);
	return 0;
}

static int start_sample(void **state)
{
	char name[32];
	(void)state;
	snprintf(name, sizeof name, "realm-%d", ++realms);
	sample_start(&sample, store, name);
	return 0;
}

static int stop_sample(void **state)
{
	(void)state;
	sample_stop(&sample);
	return 0;
}

#endif
