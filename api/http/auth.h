// SPDX-License-Identifier: Apache-2.0
// Who may ask. Bearer tokens only: no cookie, no token in an address (F133, F152).
#ifndef API_HTTP_AUTH_H
#define API_HTTP_AUTH_H

#include "api/http/call.h"

enum auth { AUTH_GOOD, AUTH_REFUSED, AUTH_FAILED };

// AUTH_REFUSED: 401, 403 or 429 is in the reply. AUTH_FAILED: err says why it could not be known.
// Whatever is wrong with a token, the work done and the answer are the same.
// A token that was good a moment ago is taken for good where people are read (call->expected): auth_confirm or auth_doubt
// is to follow. Once, after it was revoked, it is refused later than a token that never was.
enum auth auth_check(struct call *call, struct err *err);
// What was made of a token that was expected may leave. AUTH_REFUSED: the database says otherwise; what was made is
// nobody's, and nothing is expected any more. AUTH_FAILED: as above, and the same.
enum auth auth_confirm(struct call *call, struct err *err);
// It was not confirmed: what was known of it is forgotten, and this call looks it up before anything else.
void auth_doubt(struct call *call);
// The same for one scope; asks call->db.
enum auth auth_scope(struct call *call, unsigned scope, struct err *err);

// The token of the call was good: its last use is written down, once a minute, by the connection of the
// access log. That it cannot be is no reason not to answer.
void auth_note_use(struct call *call);

// What stands behind "Bearer", whatever its form; absent unless there is exactly one such header.
struct text auth_bearer(const struct request *request);

// A page of somebody else that makes a browser ask here is refused (F150).
bool auth_same_origin(const struct request *request);

#endif
