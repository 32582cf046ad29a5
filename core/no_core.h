// SPDX-License-Identifier: Apache-2.0
// After a crash there is no core file: it would hold bodies, tokens and keys (F202).
#ifndef CORE_NO_CORE_H
#define CORE_NO_CORE_H

void no_core_files(void);    // what a process is asked for before anything is read
void core_files_again(void); // as the limit stood: the setting core_files says so

#endif
