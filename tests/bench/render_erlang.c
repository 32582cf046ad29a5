// SPDX-License-Identifier: Apache-2.0
// Made-up traffic as ejabberd writes it at level debug: what it reads and writes, one line each; beside it
// hooks and whole terms, six kilobytes a stanza (30 KB a message, as in captures of 23.01).
#include "tests/bench/render.h"

enum { HOOKS = 14, TERMS = 3 };

static void head(struct render *render, usec_t at, const char *level, uint64_t session)
{
	char stamp[40];
	render_stamp(at, "%Y-%m-%d %H:%M:%S", stamp);
	if (render->lager)
		fprintf(render->out, "%s.%03d", stamp, (int)(at / 1000 % 1000));
	else
		fprintf(render->out, "%s.%06d+00:00", stamp, (int)(at % USEC_PER_SEC));
	fprintf(render->out, " [%s] <0.%llu.0>", level, (unsigned long long)session);
}

static void noise(struct render *render, usec_t at, uint64_t session)
{
	for (int i = 0; i < HOOKS; i++) {
		head(render, at, "debug", session);
		fputs("@ejabberd_hooks:safe_apply/4:315 Running hook user_send_packet: "
		      "mod_carboncopy:user_send_packet/1\n",
		      render->out);
	}
	for (int i = 0; i < TERMS; i++) {
		head(render, at, "debug", session);
		fputs("@ejabberd_router:do_route/1:384 Route:\n#message{\n id = <<>>,type = chat,lang = "
		      "<<>>,\n from =\n  #jid{\n   user = <<\"otto\">>,server = <<\"initech.test\">>,"
		      "resource = <<>>,\n   luser = <<\"otto\">>,lserver = <<\"initech.test\">>,"
		      "lresource = <<>>},\n to =\n  #jid{\n   user = <<\"otto\">>,server = "
		      "<<\"initech.test\">>,resource = <<\"phone\">>,\n   luser = <<\"otto\">>,lserver = "
		      "<<\"initech.test\">>,lresource = <<\"phone\">>},\n subject = [],body = [],thread = "
		      "undefined,\n sub_els =\n  [#stanza_id{\n    by =\n     #jid{\n      user = "
		      "<<\"otto\">>,server = <<\"initech.test\">>,resource = <<>>,\n      luser = "
		      "<<\"otto\">>,lserver = <<\"initech.test\">>,\n      lresource = <<>>},\n    id = "
		      "<<\"1795344682346957\">>},\n   #xmlel{\n    name = <<\"x\">>,\n    attrs = "
		      "[{<<\"xmlns\">>,<<\"jabber:x:event\">>}],\n    children =\n     [#xmlel{name = "
		      "<<\"offline\">>,attrs = [],children = []},\n      #xmlel{name = <<\"delivered\">>,"
		      "attrs = [],children = []},\n      #xmlel{name = <<\"displayed\">>,attrs = [],"
		      "children = []}]}],\n meta = #{ip => {127,0,0,1},mam_archived => true}}\n",
		      render->out);
	}
}

void render_ejabberd(struct render *render, const struct event *event,
		     const struct observation *seen)
{
	bool is_new;
	uint64_t session = render_session(render, seen->session, &is_new) & 0xffffff;
	if (is_new) {
		head(render, event->at, "info", session);
		fprintf(render->out,
			"@ejabberd_c2s:bind/2:450 (tcp|<0.%llu.0>) Opened c2s session for %.*s\n",
			(unsigned long long)session, (int)seen->session.n, seen->session.p);
	}
	head(render, event->at, "notice", session);
	fprintf(render->out, " (tcp|<0.%llu.0>) %s XML on stream = <<\"",
		(unsigned long long)session, event->egress ? "Send" : "Received");
	render_message(render, event, seen, '\'', event->egress);
	fputs("\">>\n", render->out);
	noise(render, event->at, session);
	if (!render_has_presence(event))
		return;
	head(render, event->at, "notice", session);
	fprintf(render->out,
		" (tcp|<0.%llu.0>) Received XML on stream = <<\"<presence><show>away</show><priority>5"
		"</priority></presence>\">>\n",
		(unsigned long long)session);
}
