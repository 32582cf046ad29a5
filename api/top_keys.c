// SPDX-License-Identifier: Apache-2.0
// What is typed, byte by byte.
#include "api/top_screen.h"

static enum top_key of_sequence(const struct top_screen *screen, char last)
{
	static const struct {
		char last;
		int parameter;
		enum top_key key;
	} keys[] = {{'A', 0, KEY_UP},      {'B', 0, KEY_DOWN},      {'H', 0, KEY_HOME},
		    {'~', 5, KEY_PAGE_UP}, {'~', 6, KEY_PAGE_DOWN}, {'~', 1, KEY_HOME},
		    {'~', 7, KEY_HOME}};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].last == last && keys[i].parameter == screen->parameter)
			return keys[i].key;
	return KEY_NONE;
}

static enum top_key of_byte(char byte)
{
	static const char bytes[] = "qQpP ?hkj\f\003";
	static const enum top_key keys[] = {KEY_QUIT, KEY_QUIT,   KEY_PAUSE, KEY_PAUSE,
					    KEY_LOOK, KEY_HELP,   KEY_HELP,  KEY_UP,
					    KEY_DOWN, KEY_REDRAW, KEY_QUIT};
	const char *at = byte ? strchr(bytes, byte) : NULL;
	return at ? keys[at - bytes] : KEY_NONE;
}

// A sequence may come in several reads. ESC and then any other byte is that byte.
enum top_key top_screen_key(struct top_screen *screen, char byte)
{
	if (byte == '\033') {
		screen->sequence = 1;
		screen->parameter = 0;
		return KEY_NONE;
	}
	if (screen->sequence == 1 && (byte == '[' || byte == 'O')) {
		screen->sequence = 2;
		return KEY_NONE;
	}
	if (screen->sequence == 2 && byte >= '0' && byte <= '9') {
		if (screen->parameter < 1000)
			screen->parameter = screen->parameter * 10 + (byte - '0');
		return KEY_NONE;
	}
	if (screen->sequence == 2 && byte >= ' ' && byte < '@')
		return KEY_NONE;
	bool sequence = screen->sequence == 2;
	screen->sequence = 0;
	return sequence ? of_sequence(screen, byte) : of_byte(byte);
}
