// SPDX-License-Identifier: Apache-2.0
// ECMA-48 sequences that every terminal of today has, no library: see docs/ARCHITECTURE.md.
#include "api/top_screen.h"

#include "api/top_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Other screen, no cursor, no wrapping of long lines; and back.
static const char enter[] = "\033[?1049h\033[?25l\033[?7l";
static const char leave[] = "\033[0m\033[?7h\033[?25h\033[?1049l";

static const char *const colours[TOP_STYLES] = {"",         "\033[1m",    "\033[1;4m", "\033[32m",
						"\033[33m", "\033[1;31m", "\033[2m"};
static const char *const plain[TOP_STYLES] = {"",        "\033[1m", "\033[4m", "",
					      "\033[1m", "\033[7m", ""};

// False: the terminal is gone, or INT or TERM came while nobody read what it says.
static bool put_all(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, size);
		if (n < 0 && errno != EAGAIN)
			return false;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

bool top_screen_possible(void)
{
	const char *term = variable("TERM");
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && *term && strcmp(term, "dumb") != 0;
}

bool top_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = "";
	for (size_t i = 0; i < 3 && !*value; i++)
		value = variable(names[i]);
	return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
}

static bool has_colour(void)
{
	static const char *const without[] = {"vt1", "vt2", "vt3", "vt5"};
	const char *term = variable("TERM");
	bool colour = !*variable("NO_COLOR") && !strstr(term, "-m") && !strstr(term, "mono");
	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		colour = colour && strncmp(term, without[i], strlen(without[i])) != 0;
	return colour;
}

void top_screen_size(int *columns, int *rows)
{
	struct winsize size = {0};
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
	*columns = known && size.ws_col ? size.ws_col : 80;
	*rows = known && size.ws_row ? size.ws_row : 24;
}

// --- there and back ---

static void put_back(const struct top_screen *screen)
{
	put_all(leave, sizeof leave - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen->found);
}

// A process that waits for the end of this one and does what a killed one (KILL, out of memory) cannot. It is
// in a group of its own, so that Ctrl-C does not end it, and may write all the same.
static void guard(const struct top_screen *screen, int from)
{
	sigset_t all;
	struct termios now;
	char word;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
	if (read(from, &word, 1) == 0 && tcgetattr(STDIN_FILENO, &now) == 0 &&
	    now.c_lflag == screen->ours.c_lflag)
		put_back(screen);
	_exit(0);
}

static void set_guard(struct top_screen *screen)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	screen->guard_pid = fork();
	if (screen->guard_pid == 0) {
		close(ends[1]);
		guard(screen, ends[0]);
	}
	close(ends[0]);
	screen->guard = ends[1];
}

void top_screen_resume(struct top_screen *screen)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->ours);
	put_all(enter, sizeof enter - 1);
}

void top_screen_pause(struct top_screen *screen)
{
	put_back(screen);
}

bool top_screen_enter(struct top_screen *screen, struct err *err)
{
	*screen = (struct top_screen){.colour = has_colour(), .guard = -1};
	if (tcgetattr(STDIN_FILENO, &screen->found) != 0)
		return err_set(err, ERR_USAGE, "top: the terminal cannot be set: %s",
			       strerror(errno));
	screen->ours = screen->found;
	screen->ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	screen->ours.c_iflag &= ~(tcflag_t)IXON; // else Ctrl-S would hold up the end, too
	screen->ours.c_oflag &= ~(tcflag_t)OPOST;
	screen->ours.c_cc[VMIN] = 1;
	screen->ours.c_cc[VTIME] = 0;
	set_guard(screen);
	top_screen_resume(screen);
	return true;
}

void top_screen_leave(struct top_screen *screen)
{
	put_back(screen);
	if (screen->guard >= 0 && write(screen->guard, "x", 1) == 1 && screen->guard_pid > 0)
		waitpid(screen->guard_pid, NULL, 0);
	if (screen->guard >= 0)
		close(screen->guard);
	buf_free(&screen->out);
}

// --- out ---

// What was made clean once is cut, and made clean again: no way leads around it.
bool top_screen_draw(struct top_screen *screen, const struct top_frame *frame)
{
	const char *const *styles = screen->colour ? colours : plain;
	screen->out.len = 0;
	buf_zstr(&screen->out, "\033[H");
	for (size_t i = 0; i < frame->count; i++) {
		buf_zstr(&screen->out, i ? "\r\n" : "");
		buf_zstr(&screen->out, styles[frame->lines[i].style]);
		top_cut(&screen->out, top_frame_line(frame, i), frame->columns, frame->utf8);
		buf_zstr(&screen->out, "\033[0m\033[K");
	}
	buf_zstr(&screen->out, "\033[J");
	return put_all(screen->out.data, screen->out.len);
}
