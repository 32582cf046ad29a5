// SPDX-License-Identifier: Apache-2.0
// Sorting by a number, in time linear in the count: hashes have no order that a comparison could use.
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct numbered {
	uint64_t number;
	size_t at; // what it is the number of
};

// Ascending; of equal numbers the first one stays first.
void order_by_number(struct numbered *items, size_t count);

// The order of numbers that may be negative.
static inline uint64_t order_of(int64_t number)
{
	return (uint64_t)number ^ UINT64_C(1) << 63;
}

#endif
