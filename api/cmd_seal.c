// SPDX-License-Identifier: Apache-2.0
// receiptd seal: seals what is due, makes keys, prints the proof of one message.
#include "api/api.h"
#include "store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum option_name { OPT_NEW_KEY, OPT_PROOF, OPT_CONSISTENCY, OPT_HELP };

static void usage(FILE *out)
{
	fputs("usage: receiptd seal\n"
	      "       receiptd seal --new-key\n"
	      "       receiptd seal --proof CONV/KEY\n"
	      "       receiptd seal --consistency OLDER/NEWER\n"
	      "\n"
	      "Seals every UTC day that is over: one signed root stands for all that was stored until\n"
	      "its end. What changes later is in a later seal, and the old one stays as it is.\n"
	      "\n"
	      "  --new-key         makes the signing key; when there is one, the key that the next seal\n"
	      "                    introduces: from then on it signs\n"
	      "  --proof CONV/KEY  prints the proof of one message as JSON (conv and key as in\n"
	      "                    /v1/messages/{conv}/{key}): check it with receiptd verify --proof\n"
	      "                    FILE, or without this program (docs/VERIFY.md)\n"
	      "  --consistency OLDER/NEWER\n"
	      "                    prints the proof that one seal goes on from another, by their numbers\n"
	      "                    (3/12): for who kept the older head; checked in the same ways\n"
	      "\n"
	      "Settings: seal_key (PEM file, mode 0600), seal_dir (folder of heads and signatures: keep\n"
	      "copies of it elsewhere, they show when days were cut off or all was made anew).\n"
	      "\n"
	      "Exit status: 0 sealed, or nothing to seal; 2 usage, or the key can be read by others;\n"
	      "3 there is no key, nothing was sealed; 4 database not available; 5 no such message, or not\n"
	      "sealed; 6 the folder of heads cannot be written.\n",
	      out);
}

static bool new_key(struct app *app, struct err *err)
{
	char path[4200];
	bool next;
	if (!store_seal_new_key(app, path, sizeof path, &next, err))
		return false;
	printf(next ? "made %s: the next seal introduces it\n" : "made %s\n", path);
	return true;
}

static bool read_hex(const char **text, int64_t *out)
{
	char *end;
	if (**text == '-' || **text == '+' || **text == ' ')
		return false;
	*out = (int64_t)strtoull(*text, &end, 16);
	bool fine = end != *text && end - *text <= 16;
	*text = end;
	return fine;
}

static bool proof(struct app *app, const char *name, struct err *err)
{
	struct store *store = NULL;
	char *json = NULL;
	int64_t conv, key;
	const char *at = name;
	if (!read_hex(&at, &conv) || *at++ != '/' || !read_hex(&at, &key) || *at)
		return err_set(err, ERR_USAGE,
			       "seal: --proof %s: two hexadecimal numbers, CONV/KEY", name);
	bool fine = store_open(app, STORE_WRITE, &store, err) &&
		    store_seal_proof(app, store, conv, key, &json, err);
	store_close(store);
	if (fine)
		puts(json);
	free(json);
	return fine;
}

static bool read_number(const char **text, int32_t *out)
{
	char *end;
	long value = **text >= '1' && **text <= '9' ? strtol(*text, &end, 10) : 0;
	if (value < 1 || value > INT32_MAX)
		return false;
	*out = (int32_t)value;
	*text = end;
	return true;
}

static bool consistency(struct app *app, const char *name, struct err *err)
{
	struct store *store = NULL;
	char *json = NULL;
	int32_t older, newer;
	const char *at = name;
	if (!read_number(&at, &older) || *at++ != '/' || !read_number(&at, &newer) || *at ||
	    newer <= older)
		return err_set(err, ERR_USAGE,
			       "seal: --consistency %s: the numbers of two seals, OLDER/NEWER",
			       name);
	bool fine = store_open(app, STORE_WRITE, &store, err) &&
		    store_seal_consistency(store, older, newer, &json, err);
	store_close(store);
	if (fine)
		puts(json);
	free(json);
	return fine;
}

static void say(const struct seal_result *result)
{
	char day[USEC_TEXT] = "";
	if (result->day != USEC_NONE)
		usec_format(result->day, 0, day);
	if (result->made)
		printf("%d seals made, %lld rows; the newest is %d of %.10s\n", result->made,
		       (long long)result->leaves, result->number, day);
	else if (result->number)
		printf("nothing to seal; the newest is %d of %.10s\n", result->number, day);
	else
		puts("nothing to seal");
}

static bool seal(struct app *app, struct err *err)
{
	struct store *store = NULL;
	struct seal_result result;
	bool fine = store_open(app, STORE_WRITE, &store, err) &&
		    store_seal(app, store, NULL, usec_now(), &result, err);
	store_close(store);
	if (fine)
		say(&result);
	return fine;
}

int cmd_seal(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {
		{"new-key", no_argument, NULL, OPT_NEW_KEY},
		{"proof", required_argument, NULL, OPT_PROOF},
		{"consistency", required_argument, NULL, OPT_CONSISTENCY},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0}};
	struct err err = {0};
	int option = getopt_long((optind = 0, opterr = 0, argc), argv, "", options, NULL);
	const char *value = optarg;
	bool more = option > -1 && getopt_long(argc, argv, "", options, NULL) != -1;
	bool fine = false;
	if (option > OPT_HELP || more || optind < argc) {
		err_set(&err, ERR_USAGE, "seal: unknown option, missing value or too much: %s",
			argv[optind < argc ? optind : argc - 1]);
	} else if (option == OPT_HELP) {
		usage(stdout);
		fine = true;
	} else {
		fine = option == OPT_NEW_KEY       ? new_key(app, &err)
		       : option == OPT_PROOF       ? proof(app, value, &err)
		       : option == OPT_CONSISTENCY ? consistency(app, value, &err)
						   : seal(app, &err);
	}
	if (!fine)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return fine ? ERR_NONE : (int)err.kind;
}
