/* SPDX-License-Identifier: MIT */
/* The table of methods, and the search for the method of an action: docs/protocol.md 3.4. */
#include "config.h"

#include "api/methods.h"

#include <string.h>

#include "api/entity_methods.h"
#include "api/ingest_methods.h"
#include "api/replication_methods.h"
#include "api/session_methods.h"
#include "api/subscription_methods.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define PARAMS(array) (array), COUNT(array)
#define NO_PARAMS     NULL, 0

static const struct {
	const char *id;
	const char *urn;
} services[] = {
    {"xtk:session", "urn:xtk:session"},
    {"xtk:persist", "urn:wpp:default"},
    {"nms:subscription", "urn:nms:subscription"},
    {"nms:replicationStrategy", "urn:nms:replicationStrategy"},
};

static const struct soap_param logon_in[] = {
    {"login", SOAP_STRING, false, "string"},
    {"password", SOAP_STRING, false, "string"},
    {"parameters", SOAP_ELEMENT, true, "DOMElement"},
};
static const struct soap_param bearer_logon_in[] = {
    {"bearerToken", SOAP_STRING, false, "string"},
};
static const struct soap_param logon_out[] = {
    {"sessionToken", SOAP_STRING, false, "string"},
    {"sessionInfo", SOAP_SCHEMA_ELEMENT, false, "sessionInfo"},
    {"securityToken", SOAP_STRING, false, "string"},
};
static const struct soap_param user_info_out[] = {
    {"userInfo", SOAP_SCHEMA_ELEMENT, false, "sessionUserInfo"},
};
static const struct soap_param server_time_out[] = {
    {"serverTime", SOAP_DATETIME, false, "datetime"},
};
static const struct soap_param option_in[] = {
    {"name", SOAP_STRING, false, "string"},
};
static const struct soap_param option_out[] = {
    {"value", SOAP_STRING, false, "string"},
    {"type", SOAP_BYTE, false, "byte"},
};
static const struct soap_param ingest_in[] = {
    {"doc", SOAP_DOCUMENT, false, "DOMDocument"},
};
static const struct soap_param ingest_out[] = {
    {"sUuids", SOAP_STRING, false, "string"},
};

static const struct soap_param subscribe_in[] = {
    {"serviceName", SOAP_STRING, false, "string"},
    {"recipient", SOAP_ELEMENT, false, "DOMElement"},
    {"create", SOAP_BOOLEAN, true, "boolean"},
};
static const struct soap_param unsubscribe_in[] = {
    {"serviceName", SOAP_STRING, false, "string"},
    {"recipient", SOAP_ELEMENT, false, "DOMElement"},
};
static const struct soap_param replicate_in[] = {
    {"schema", SOAP_STRING, false, "string"},
};

static const struct soap_param entity_in[] = {
    {"pk", SOAP_STRING, false, "string"},
    {"md5", SOAP_STRING, false, "string"},
    {"mustExist", SOAP_BOOLEAN, true, "boolean"},
};
static const struct soap_param entity_out[] = {
    {"doc", SOAP_DOCUMENT, false, "DOMDocument"},
};

/* The values of `anonymous` and `declared_anonymous`. */
#define ANONYMOUS true, true
#define DECLARED  false, true
#define SESSION	  false, false

static const struct method methods[] = {
    {"xtk:session", "Logon", ANONYMOUS, RIGHT_NONE, PARAMS(logon_in), PARAMS(logon_out), 0,
     session_logon},
    {"xtk:session", "BearerTokenLogon", ANONYMOUS, RIGHT_NONE, PARAMS(bearer_logon_in),
     PARAMS(logon_out), 0, session_bearer_token_logon},
    {"xtk:session", "Logoff", SESSION, RIGHT_NONE, NO_PARAMS, NO_PARAMS, 0, session_logoff},
    {"xtk:session", "TestCnx", SESSION, RIGHT_NONE, NO_PARAMS, NO_PARAMS, 0, session_test_cnx},
    {"xtk:session", "GetUserInfo", DECLARED, RIGHT_NONE, NO_PARAMS, PARAMS(user_info_out), 0,
     session_get_user_info},
    {"xtk:session", "GetServerTime", ANONYMOUS, RIGHT_NONE, NO_PARAMS, PARAMS(server_time_out), 0,
     session_get_server_time},
    {"xtk:session", "GetOption", SESSION, RIGHT_NONE, PARAMS(option_in), PARAMS(option_out), 0,
     session_get_option},
    {"xtk:persist", "Ingest", SESSION, RIGHT_INGEST, PARAMS(ingest_in), PARAMS(ingest_out), 0,
     ingest_ingest},
    {"xtk:persist", "IngestExt", SESSION, RIGHT_INGEST, PARAMS(ingest_in), NO_PARAMS, 0,
     ingest_ingest_ext},
    {"xtk:persist", "GetEntityIfMoreRecent", SESSION, RIGHT_NONE, PARAMS(entity_in),
     PARAMS(entity_out), 2, entity_get_if_more_recent},
    {"nms:subscription", "Subscribe", SESSION, RIGHT_SUBSCRIBE, PARAMS(subscribe_in), NO_PARAMS, 0,
     subscription_subscribe},
    {"nms:subscription", "Unsubscribe", SESSION, RIGHT_SUBSCRIBE, PARAMS(unsubscribe_in), NO_PARAMS,
     0, subscription_unsubscribe},
    {"nms:replicationStrategy", "StartReplicateStagingData", SESSION, RIGHT_REPLICATE,
     PARAMS(replicate_in), NO_PARAMS, 0, replication_start},
};

const struct method *methods_table(size_t *count)
{
	*count = COUNT(methods);
	return methods;
}

bool methods_service_listed(const struct soap_action *action)
{
	/* Only "xtk:persist|<any schema>" may have a second part. */
	if (action->secondary != NULL)
		return strcmp(action->primary, "xtk:persist") == 0;
	for (size_t i = 0; i < COUNT(services); i++)
		if (strcmp(services[i].id, action->primary) == 0)
			return true;
	return false;
}

static bool serves(const struct method *method, const struct soap_action *action)
{
	if (strcmp(method->service, action->primary) == 0)
		return true;
	/* "persist" is an interface of xtk:session. */
	return strcmp(method->service, "xtk:persist") == 0 &&
	       strcmp(action->primary, "xtk:session") == 0;
}

const struct method *methods_find(const struct soap_action *action)
{
	if (!methods_service_listed(action))
		return NULL;
	for (size_t i = 0; i < COUNT(methods); i++)
		if (strcmp(methods[i].name, action->method) == 0 && serves(&methods[i], action))
			return &methods[i];
	return NULL;
}

const char *methods_urn(const struct method *method)
{
	size_t i = 0;

	while (strcmp(services[i].id, method->service) != 0)
		i++; /* each method's service is in the list; a test checks this */
	return services[i].urn;
}
