// SPDX-License-Identifier: Apache-2.0
// Which tables are sealed, and what their columns are to a leaf: columns of store/sql/seal_rows_*.sql.
#include "store/seal_parts.h"

const struct seal_kind seal_kinds[] = {
	{.number = SEAL_MESSAGE,
	 .table = "message",
	 .query = "seal_rows_message",
	 .daily = true,
	 .keys = 4,
	 .personal = 46,
	 .body = 59,
	 .columns = 61,
	 .jids = {5, 6}},
	{.number = SEAL_ACK,
	 .table = "ack",
	 .query = "seal_rows_ack",
	 .daily = true,
	 .keys = 6,
	 .personal = 22,
	 .columns = 35,
	 .jids = {5, 7}},
	{.number = SEAL_FINDING,
	 .table = "finding",
	 .query = "seal_rows_finding",
	 .keys = 3,
	 .personal = 11,
	 .columns = 13,
	 .by = 11},
	{.number = SEAL_GAP, .table = "gap", .query = "seal_rows_gap", .keys = 3, .columns = 12},
	{.number = SEAL_DROPPED,
	 .table = "dropped_day",
	 .query = "seal_rows_dropped",
	 .keys = 1,
	 .columns = 5},
	{.number = SEAL_GONE,
	 .table = "seal_gone",
	 .query = "seal_rows_gone",
	 .keys = 4,
	 .columns = 5},
	{.number = SEAL_LOST,
	 .table = "seal_lost",
	 .query = "seal_rows_lost",
	 .keys = 3,
	 .columns = 5},
	{.number = SEAL_ACCESS,
	 .table = "access_log",
	 .query = "seal_rows_access",
	 .by_time = true,
	 .keys = 1,
	 .personal = 7,
	 .columns = 8,
	 .salt = 6,
	 .open = 5},
	{.number = SEAL_REPORT,
	 .table = "report",
	 .query = "seal_rows_report",
	 .by_time = true,
	 .keys = 1,
	 .columns = 6},
	{.number = SEAL_REPORT_FILE,
	 .table = "report_file",
	 .query = "seal_rows_report_file",
	 .by_time = true,
	 .keys = 1,
	 .columns = 5},
	{.number = SEAL_ERASURE,
	 .table = "erasure",
	 .query = "seal_rows_erasure",
	 .by_time = true,
	 .keys = 1,
	 .columns = 7},
};

const size_t seal_kind_count = sizeof seal_kinds / sizeof *seal_kinds;

const struct seal_kind *seal_kind_of(int number)
{
	for (size_t i = 0; i < seal_kind_count; i++)
		if (seal_kinds[i].number == number)
			return &seal_kinds[i];
	return NULL;
}
