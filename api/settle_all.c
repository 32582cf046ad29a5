// SPDX-License-Identifier: Apache-2.0
#include "api/settle_all.h"

#include "api/export.h"

// Nobody follows any more, or an import was killed: whoever asks may settle, under the lane's lock.
static bool settle(struct app *app, const char *name, struct err *err)
{
	struct store *writer = NULL;
	struct realm realm;
	struct realm_settings rules;
	struct settle_result result = {0};

	if (!store_open(app, STORE_INGEST, &writer, err))
		return false;
	bool fine = store_realm_rules(writer, name, &realm, &rules, err);
	bool known = fine;
	while (fine && !result.empty && !*app->stop)
		fine = store_settle(writer, realm.id, &rules, USEC_PER_SEC, &result, err);
	if (known)
		realm_settings_free(&rules);
	store_close(writer);
	if (fine && !result.empty)
		return err_set(err, ERR_DIFFERS, "stopped before all was settled");
	return fine;
}

bool settle_all(struct app *app, struct store *store, const char *name, int32_t realm,
		struct err *err)
{
	int64_t left;

	return export_wait(store, realm, USEC_PER_SEC, &left, err) &&
	       (!left || settle(app, name, err));
}
