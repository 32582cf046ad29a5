// SPDX-License-Identifier: Apache-2.0
// Both are needed: programs that collect cores (a pattern with "|") are given one whatever the limit is, but not of a
// process that is not dumpable. Nor may another process of the same user read the memory of such a one.
#include "core/no_core.h"

#include <sys/prctl.h>
#include <sys/resource.h>

// A leak check looks at its own process as a debugger does.
#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
	__has_feature(thread_sanitizer)
#define IS_WATCHED 1
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED 0
#endif

static void set_limit(rlim_t soft)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

void no_core_files(void)
{
	set_limit(0);
	if (!IS_WATCHED)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void core_files_again(void)
{
	set_limit(RLIM_INFINITY);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
