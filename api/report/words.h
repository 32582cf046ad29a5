// SPDX-License-Identifier: Apache-2.0
// Words of reports in the languages that they are made in.
#ifndef API_REPORT_WORDS_H
#define API_REPORT_WORDS_H

enum { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGES };

int word_language(const char *name); // "en", "zh"; anything else is English
// What is not in the catalogue is given back as it is: names of rules, conditions, states.
const char *word_in(int language, const char *word);

#endif
