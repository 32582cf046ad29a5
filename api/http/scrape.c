#include "api/http/handlers.h"
bool handle_metrics(struct call *call, struct err *err) { (void)err; return call_problem(call, 503, "not yet", NULL); }
