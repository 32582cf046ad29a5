// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"
#include "core/settings.h"

#include <stdlib.h>

bool string_list_has(const struct string_list *list, struct text item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (text_is(item, list->items[i]))
			return true;
	}
	return false;
}

void string_list_add(struct string_list *list, struct text item)
{
	if (!item.p)
		return;
	list->items = xrealloc(list->items, (list->count + 1) * sizeof *list->items);
	char *copy = xcalloc(1, item.n + 1);
	if (item.n)
		memcpy(copy, item.p, item.n);
	list->items[list->count++] = copy;
}

bool string_list_unite(struct string_list *to, const struct string_list *from)
{
	size_t before = to->count;

	for (size_t i = 0; i < from->count; i++)
		if (!string_list_has(to, text_of(from->items[i])))
			string_list_add(to, text_of(from->items[i]));
	return to->count > before;
}

void string_list_free(struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct string_list){0};
}
