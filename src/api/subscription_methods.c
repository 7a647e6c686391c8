/* SPDX-License-Identifier: MIT */
/*
 * Subscribe and Unsubscribe (docs/protocol.md section 9).  Both only stage changes: one of the
 * recipient, and one of nms:subscription per service, in one transaction.
 *
 * Both build documents that a client could also send to IngestExt, and read them by the same rules.
 * The subscription names its recipient by a link element with the recipient's reconciliation key,
 * which the replication resolves (R9.4).
 */
#include "config.h"

#include "api/subscription_methods.h"

#include <string.h>

#include "api/stage.h"
#include "base/arena.h"
#include "soap/codes.h"

#define RECIPIENT    "nms:recipient"
#define SUBSCRIPTION "nms:subscription"
#define SERVICE	     "nms:service"

enum { MAX_SERVICES = 1000 };

struct subscription {
	struct stage batch;
	const struct schema *recipient, *subscription, *service;
	const char *service_ids[MAX_SERVICES];
	size_t service_count;
};

static void set_attribute(struct xml_element *e, const char *name, const char *value)
{
	struct xml_attribute *a = &e->attributes[e->attribute_count++];

	*a = (struct xml_attribute){.name = name, .value = value};
}

/* Copies the caller's recipient with the operation of the method (R9.3, R9.7, R9.8). */
static const struct xml_element *recipient_document(struct call *call, const struct xml_element *e,
						    enum operation operation, bool blacklist)
{
	struct xml_element *copy = arena_alloc(call->arena, sizeof(*copy));

	*copy = *e;
	copy->next = NULL;
	copy->attribute_count = 0;
	copy->attributes =
	    arena_alloc(call->arena, (e->attribute_count + 2) * sizeof(*copy->attributes));
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *a = &e->attributes[i];

		if (a->prefix == NULL && (strcmp(a->name, "_operation") == 0 ||
					  (blacklist && strcmp(a->name, "blackList") == 0)))
			continue;
		copy->attributes[copy->attribute_count++] = *a;
	}
	set_attribute(copy, "_operation", operation_name(operation));
	if (blacklist)
		set_attribute(copy, "blackList", "1");
	return copy;
}

static struct xml_element *child_named(struct arena *arena, struct xml_element *e, const char *name)
{
	struct xml_element **place = &e->first_child;

	for (; *place != NULL; place = &(*place)->next)
		if (strcmp((*place)->name, name) == 0)
			return *place;
	*place = arena_zalloc(arena, sizeof(**place));
	(*place)->name = name;
	(*place)->text = "";
	e->child_count++;
	return *place;
}

/* Sets the value at XPATH: "@email", "location/@city", "comment". */
static void put_value(struct arena *arena, struct xml_element *e, const char *xpath,
		      const char *value)
{
	const char *slash = strchr(xpath, '/');
	struct xml_attribute *attributes;

	if (slash != NULL) {
		const char *name = arena_strndup(arena, xpath, (size_t)(slash - xpath));

		put_value(arena, child_named(arena, e, name), slash + 1, value);
	} else if (*xpath != '@') {
		child_named(arena, e, xpath)->text = value;
	} else {
		attributes = arena_alloc(arena, (e->attribute_count + 1) * sizeof(*attributes));
		if (e->attribute_count > 0)
			memcpy(attributes, e->attributes, e->attribute_count * sizeof(*attributes));
		e->attributes = attributes;
		set_attribute(e, xpath + 1, value);
	}
}

/* Makes the link element that names the recipient by the key and the values of its own CHANGE. */
static int recipient_link(struct subscription *s, const struct change *change,
			  struct xml_element *out)
{
	struct arena *arena = s->batch.call->arena;
	char *save = NULL, *keys = arena_strdup(arena, change->key);

	*out = (struct xml_element){.name = "recipient", .text = ""};
	put_value(arena, out, "@_operation", operation_name(OPERATION_NONE));
	put_value(arena, out, "@_key", change->key);
	for (char *xpath = strtok_r(keys, ",", &save); xpath != NULL;
	     xpath = strtok_r(NULL, ",", &save)) {
		int field = schema_field_by_xpath(s->recipient, xpath);
		const struct db_value *cell = &change->cells[field];

		/* an empty key field (allowEmptyPart), or a link that the replication resolves */
		if (cell->text == NULL) {
			fault_cause_set(call_cause(s->batch.call), CODE_LINK_FORM,
					"Key field '%s' of the recipient must have a value.",
					xpath);
			return -1;
		}
		put_value(arena, out, xpath, arena_strndup(arena, cell->text, cell->length));
	}
	return 0;
}

/* R9.4, R9.5, R9.9: stages the change of one service. */
static enum call_result add_subscription(struct subscription *s, const char *service_id,
					 struct xml_element *link, bool subscribe)
{
	struct xml_attribute attributes[4];
	struct xml_element e = {.name = "subscription",
				.text = "",
				.attributes = attributes,
				.first_child = link,
				.child_count = 1};
	struct record record;

	set_attribute(&e, "_operation",
		      operation_name(subscribe ? OPERATION_UPSERT : OPERATION_UPDATE));
	set_attribute(&e, "_key", "@service-id,@recipient-id");
	set_attribute(&e, "service-id", service_id);
	set_attribute(&e, "deleteStatus", subscribe ? "0" : "1");
	return stage_add(&s->batch, s->subscription, &e, 0, &record);
}

static bool service_listed(const struct subscription *s, const char *id)
{
	for (size_t i = 0; i < s->service_count; i++)
		if (strcmp(s->service_ids[i], id) == 0)
			return true;
	return false;
}

/* R9.1, R9.6: Subscribe refuses unknown names, Unsubscribe ignores them. */
static enum call_result add_service(struct subscription *s, const char *name, bool must_exist)
{
	struct call *call = s->batch.call;
	const size_t field = (size_t)schema_field_by_xpath(s->service, "@name");
	const struct db_value value = db_text(name);
	struct db_value id = DB_NULL;
	struct fault_cause p = {0};
	char quoted[FAULT_NAME_SIZE];

	if (record_lookup_ops.find(&s->batch.lookup, s->service, (size_t)s->service->pk, &field,
				   &value, 1, &id, &p) < 0) {
		*call_cause(call) = p;
		return CALL_FAILED;
	}
	if (id.text == NULL && must_exist) {
		fault_cause_set(call_cause(call), CODE_SERVICE_UNKNOWN,
				"Information service '%s' does not exist.",
				fault_quote(quoted, name));
		return CALL_FAILED;
	}
	if (id.text == NULL || service_listed(s, id.text))
		return CALL_OK;
	s->service_ids[s->service_count++] = id.text;
	return CALL_OK;
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	for (n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL; n--)
		text[n - 1] = '\0';
	return text;
}

/* Sets *NAMED to the number of names that are not empty. */
static enum call_result read_services(struct subscription *s, const char *names, bool must_exist,
				      size_t *named)
{
	char *save = NULL, *copy = arena_strdup(s->batch.call->arena, names);
	enum call_result result = CALL_OK;

	*named = 0;
	for (char *name = strtok_r(copy, ",", &save); name != NULL && result == CALL_OK;
	     name = strtok_r(NULL, ",", &save)) {
		name = trim(name);
		if (*name == '\0')
			continue;
		if (++*named > MAX_SERVICES) { /* each name costs a look-up */
			fault_cause_set(call_cause(s->batch.call), CODE_TOO_MANY_RECORDS,
					"A call may name at most %d services.", MAX_SERVICES);
			return CALL_FAILED;
		}
		result = add_service(s, name, must_exist);
	}
	return result;
}

static enum call_result begin(struct subscription *s, struct call *call,
			      const struct xml_element *recipient)
{
	const char *id = xml_attribute(recipient, "xtkschema");
	enum call_result result;

	stage_init(&s->batch, call, true);
	s->service_count = 0;
	/* R9.2 */
	if ((result = stage_schema(call, id != NULL ? id : RECIPIENT, &s->recipient)) != CALL_OK ||
	    (result = stage_schema(call, SUBSCRIPTION, &s->subscription)) != CALL_OK ||
	    (result = stage_check_scope(call, RIGHT_SUBSCRIBE, s->subscription->id)) != CALL_OK)
		return result;
	s->service = registry_find(call->registry, SERVICE, NULL);
	if (s->service == NULL) {
		fault_cause_set(call_cause(call), CODE_NO_ENTITY, "Schema '%s' does not exist.",
				SERVICE);
		return CALL_FAILED;
	}
	if (strcmp(s->recipient->id, RECIPIENT) != 0) {
		fault_cause_set(call_cause(call), CODE_NO_ENTITY,
				"The recipient's schema must be '%s'.", RECIPIENT);
		return CALL_FAILED;
	}
	return CALL_OK;
}

static enum call_result stage(struct subscription *s, const struct xml_element *recipient,
			      enum operation operation, bool subscribe, bool blacklist)
{
	struct call *call = s->batch.call;
	struct xml_element link;
	struct record record;
	enum call_result result;

	result = stage_add(&s->batch, s->recipient,
			   recipient_document(call, recipient, operation, blacklist), 0, &record);
	if (result == CALL_OK && s->service_count > 0 &&
	    recipient_link(s, &record.change, &link) < 0)
		result = CALL_FAILED;
	/* The values of the link are already cast, so their times are UTC. */
	s->batch.context.cast = (struct cast_options){.timezone = "UTC"};
	for (size_t i = 0; i < s->service_count && result == CALL_OK; i++)
		result = add_subscription(s, s->service_ids[i], &link, subscribe);
	return result == CALL_OK ? stage_submit(&s->batch, s->recipient, NULL, NULL) : result;
}

enum call_result subscription_subscribe(struct call *call, const struct soap_value *in,
					struct soap_response *out)
{
	const enum operation operation = in[2].boolean ? OPERATION_UPSERT : OPERATION_UPDATE;
	struct subscription *s = arena_zalloc(call->arena, sizeof(*s));
	enum call_result result;
	size_t named = 0;

	(void)out;
	if ((result = begin(s, call, in[1].element)) != CALL_OK ||
	    (result = read_services(s, in[0].text, true, &named)) != CALL_OK)
		return result;
	if (named == 0) {
		fault_cause_set(call_cause(call), CODE_SERVICE_MISSING,
				"The name of an information service is missing.");
		return CALL_FAILED;
	}
	return stage(s, in[1].element, operation, true, false);
}

enum call_result subscription_unsubscribe(struct call *call, const struct soap_value *in,
					  struct soap_response *out)
{
	struct subscription *s = arena_zalloc(call->arena, sizeof(*s));
	enum call_result result;
	size_t named = 0;

	(void)out;
	if ((result = begin(s, call, in[1].element)) != CALL_OK ||
	    (result = read_services(s, in[0].text, false, &named)) != CALL_OK)
		return result;
	return stage(s, in[1].element, OPERATION_UPDATE, false, named == 0); /* R9.7 */
}
