// SPDX-License-Identifier: Apache-2.0
// Opening zones and converting with them.
#include "core/zone_table.h"

#include "core/arena.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINKED_ZONE "/etc/localtime"
#define NAMED_ZONE "/etc/timezone"

enum { NAME_MAX_LENGTH = 100, MAX_OFFSET = 26 * 3600 }; // RFC 8536: no offset beyond 26 hours

// ---- opening

void zone_table_add(struct zone *zone, int64_t at, int offset)
{
	zone->changes = xrealloc(zone->changes, (zone->count + 1) * sizeof *zone->changes);
	zone->changes[zone->count++] = (struct zone_change){at, offset};
}

static struct zone *zone_new(const char *name)
{
	struct zone *zone = xcalloc(1, sizeof *zone);
	zone->name = xstrdup(name);
	zone->fold = INT64_MAX;
	return zone;
}

static struct zone *zone_fixed(const char *name, int offset)
{
	struct zone *zone = zone_new(name);
	zone_table_add(zone, INT64_MIN, offset);
	return zone;
}

void zone_free(struct zone *zone)
{
	if (!zone)
		return;
	free(zone->name);
	free(zone->changes);
	free(zone);
}

// Only names as the database has them: no way out of its folder.
static bool is_zone_name(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				"_+-/");
	return n > 0 && n <= NAME_MAX_LENGTH && !name[n] && name[0] != '/' && name[n - 1] != '/';
}

static struct zone *open_path(const char *path, const char *name, struct err *err)
{
	struct zone *zone = zone_new(name);
	if (zone_file_read(path, zone, err))
		return zone;
	zone_free(zone);
	return NULL;
}

static struct zone *open_named(const char *name, struct err *err)
{
	if (!is_zone_name(name)) {
		err_set(err, ERR_USAGE, "time zone \"%.100s\" is not a zone name", name);
		return NULL;
	}
	const char *folder = getenv("TZDIR");
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo",
		 name);
	struct zone *zone = open_path(path, name, err);
	if (!zone)
		err_wrap(err, "time zone \"%s\"", name);
	return zone;
}

// "+05:30", "-03:00": always the hours of Greenwich that are written there.
static bool parse_offset(const char *name, int *offset)
{
	if ((name[0] != '+' && name[0] != '-') || strlen(name) != 6 || name[3] != ':')
		return false;
	static const int places[] = {1, 2, 4, 5};
	for (size_t i = 0; i < 4; i++) {
		if (name[places[i]] < '0' || name[places[i]] > '9')
			return false;
	}
	int hours = (name[1] - '0') * 10 + name[2] - '0';
	int minutes = (name[4] - '0') * 10 + name[5] - '0';
	*offset = (hours * 3600 + minutes * 60) * (name[0] == '-' ? -1 : 1);
	return hours <= 23 && minutes <= 59;
}

// A machine may have a copy instead of a link; then a text file may have the name.
static struct zone *open_named_in_file(void)
{
	FILE *file = fopen(NAMED_ZONE, "re");
	if (!file)
		return NULL;
	char line[NAME_MAX_LENGTH + 2] = "";
	if (!fgets(line, sizeof line, file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	return open_named(line, NULL);
}

static struct zone *open_linked(void)
{
	static const char folder[] = "/zoneinfo/";
	char path[PATH_MAX];
	if (!realpath(LINKED_ZONE, path))
		return NULL;
	const char *name = strstr(path, folder);
	if (name)
		return open_path(path, name + sizeof folder - 1, NULL);
	struct zone *zone = open_named_in_file();
	return zone ? zone : open_path(path, "localtime", NULL);
}

// A TZ that is not a plain name (a POSIX rule, a path) is passed over, not half understood.
static struct zone *open_local(void)
{
	const char *tz = getenv("TZ");
	struct zone *zone = NULL;
	if (tz && *tz == ':')
		tz++;
	if (tz && *tz)
		zone = open_named(tz, NULL);
	else if (tz)
		zone = zone_fixed("UTC", 0); // set and empty means UTC everywhere
	if (!zone)
		zone = open_linked();
	return zone ? zone : zone_fixed("UTC", 0);
}

struct zone *zone_open(const char *name, struct err *err)
{
	int offset;
	if (!name || strcmp(name, "local") == 0)
		return open_local();
	if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
		return zone_fixed("UTC", 0);
	if (parse_offset(name, &offset))
		return zone_fixed(name, offset);
	return open_named(name, err);
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

// ---- converting

static int64_t floor_seconds(usec_t at)
{
	return at / USEC_PER_SEC - (at % USEC_PER_SEC < 0);
}

// Whole cycles to take off so that the list covers the instant (see zone_footer_apply).
static int64_t cycles_beyond(const struct zone *zone, int64_t seconds)
{
	if (seconds < zone->fold)
		return 0;
	return ((seconds - zone->fold) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
}

// Index of the change in force; seconds are folded already.
static size_t change_at(const struct zone *zone, int64_t seconds)
{
	size_t low = 0, high = zone->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (zone->changes[middle].at <= seconds)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int zone_offset(const struct zone *zone, usec_t at)
{
	int64_t seconds = floor_seconds(at);
	seconds -= cycles_beyond(zone, seconds);
	return zone->changes[change_at(zone, seconds)].offset;
}

struct readings {
	size_t count;        // how many instants show this wall clock: 0, 1 or 2 (or more)
	int64_t first, last; // the earliest and the latest of them
	int64_t moved;       // count 0: the reading moved forward by the gap
	int64_t gap;         // count 0: the instant of the change that made the gap
};

// Which instants have the wall clock "local" (seconds, folded)? Each stretch between two changes is
// asked, for all stretches that an offset of at most 26 hours can reach.
static struct readings find_readings(const struct zone *zone, int64_t local)
{
	struct readings found = {0};
	size_t last = change_at(zone, local + MAX_OFFSET);
	for (size_t i = change_at(zone, local - MAX_OFFSET); i <= last; i++) {
		int64_t at = local - zone->changes[i].offset;
		bool ended = i + 1 < zone->count && at >= zone->changes[i + 1].at;
		if (ended) {
			found.moved = at;
			found.gap = zone->changes[i + 1].at;
		}
		if (ended || at < zone->changes[i].at)
			continue;
		if (found.count++ == 0)
			found.first = at;
		found.last = at;
	}
	return found;
}

usec_t zone_to_utc(const struct zone *zone, const struct civil *civil, usec_t not_before, bool *odd)
{
	usec_t reading = civil_to_utc(civil);
	int64_t local = floor_seconds(reading);
	usec_t rest = reading - local * USEC_PER_SEC; // fraction of the second
	int64_t cycles = cycles_beyond(zone, local);
	struct readings found = find_readings(zone, local - cycles);
	rest += cycles * USEC_PER_SEC;

	if (odd)
		*odd = found.count != 1;
	if (found.count == 0)
		return found.moved * USEC_PER_SEC + rest;
	usec_t first = found.first * USEC_PER_SEC + rest;
	bool second = not_before != USEC_NONE && first < not_before;
	return second ? found.last * USEC_PER_SEC + rest : first;
}

// Some zones change at midnight: then the day starts at the change.
usec_t zone_day_start(const struct zone *zone, usec_t at)
{
	struct civil day;
	zone_to_civil(zone, at, &day);
	day.hour = day.minute = day.second = day.micros = 0;
	int64_t local = floor_seconds(civil_to_utc(&day));
	int64_t cycles = cycles_beyond(zone, local);
	struct readings found = find_readings(zone, local - cycles);
	return ((found.count ? found.first : found.gap) + cycles) * USEC_PER_SEC;
}
