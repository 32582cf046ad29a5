// SPDX-License-Identifier: Apache-2.0
// Inside of receiptd top: the terminal. Whatever ends the program, the terminal is left as it was found.
#ifndef API_TOP_SCREEN_H
#define API_TOP_SCREEN_H

#include "api/top_frame.h"

#include <sys/types.h>
#include <termios.h>

enum top_key {
	KEY_NONE,
	KEY_QUIT,
	KEY_PAUSE,
	KEY_LOOK,
	KEY_HELP,
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_REDRAW
};

struct top_screen {
	struct termios found, ours;
	bool colour;
	int guard;       // pipe to the process that puts the terminal right if this one is killed
	pid_t guard_pid; // 0: none
	int sequence;    // of a key: 0 none, 1 after ESC, 2 in its parameters
	int parameter;
	struct buf out;
};

bool top_screen_possible(void); // standard input and output are a terminal that can be drawn on
bool top_utf8(void);            // the locale of the environment says so
bool top_screen_enter(struct top_screen *screen, struct err *err);
void top_screen_pause(struct top_screen *screen);  // back to the shell for a while (SIGTSTP) ...
void top_screen_resume(struct top_screen *screen); // ... and again
void top_screen_leave(struct top_screen *screen);
void top_screen_size(int *columns, int *rows);
// In one write: nothing flickers. False: the terminal is gone.
bool top_screen_draw(struct top_screen *screen, const struct top_frame *frame);
enum top_key top_screen_key(struct top_screen *screen, char byte); // KEY_NONE: more is to come

#endif
