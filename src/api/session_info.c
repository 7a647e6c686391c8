/* SPDX-License-Identifier: MIT */
/* Writes <sessionInfo> and <userInfo> exactly as in docs/protocol.md 4.3. */
#include "config.h"

#include "api/session_info.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "soap/response.h"

struct version version_parse(const char *text)
{
	struct version v = {0};

	(void)sscanf(text, "%u.%u.%u", &v.major, &v.minor, &v.patch);
	v.build = v.major * 100 + v.minor;
	return v;
}

static void attribute_number(struct buf *out, const char *name, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	soap_xml_attribute(out, name, digits);
}

static void server_info_write(const struct call *call, struct buf *out)
{
	const struct conf *conf = call->conf;
	const struct version v = version_parse(call->api->version);
	char database_id[24] = "", date[CLOCK_TEXT_SIZE], release[40];

	sessions_database_id(call->api->sessions, database_id);
	snprintf(release, sizeof(release), "%u.%u.%u", v.major, v.minor, v.patch);

	soap_xml_open(out, "serverInfo");
	soap_xml_attribute(out, "advisedClientBuildNumber", "0");
	soap_xml_attribute(out, "allowSQL", "false");
	attribute_number(out, "buildNumber", v.build);
	soap_xml_attribute(out, "commitId", "");
	soap_xml_attribute(out, "databaseId", database_id);
	soap_xml_attribute(out, "defaultNameSpace", "cus");
	soap_xml_attribute(out, "fohVersion", "2");
	soap_xml_attribute(out, "instanceName", conf->instance_name);
	attribute_number(out, "majNumber", v.major);
	soap_xml_attribute(out, "minClientBuildNumber", "0");
	attribute_number(out, "minNumber", v.minor);
	soap_xml_attribute(out, "minNumberTechnical", "0");
	soap_xml_attribute(out, "releaseName", release);
	attribute_number(out, "securityTimeOut", conf->security_timeout_s);
	soap_xml_attribute(
	    out, "serverDate",
	    arena_printf(call->arena, "%sZ", clock_format(date, clock_utc_ms(), ' ')));
	attribute_number(out, "servicePack", v.patch);
	attribute_number(out, "sessionTimeOut", conf->session_timeout_s);
	soap_xml_attribute(out, "useVault", "false");
	soap_xml_open_end(out, true);
}

static void login_right_write(struct buf *out, const char *right)
{
	soap_xml_open(out, "login-right");
	soap_xml_attribute(out, "right", right);
	soap_xml_open_end(out, true);
}

static void installed_package_write(struct buf *out, const char *namespace)
{
	soap_xml_open(out, "installed-package");
	soap_xml_attribute(out, "name", "core");
	soap_xml_attribute(out, "namespace", namespace);
	soap_xml_open_end(out, true);
}

static bool holds(const struct operator_info *who, enum right right)
{
	for (size_t i = 0; i < who->right_count; i++)
		if (who->rights[i].right == right)
			return true;
	return false;
}

void user_info_write(const struct call *call, struct buf *out)
{
	const struct operator_info *who = &call->who;

	soap_xml_open(out, "userInfo");
	soap_xml_attribute(out, "datakitInDatabase", "true");
	soap_xml_attribute(out, "homeDir", "");
	soap_xml_attribute(out, "instanceLocale", "en");
	soap_xml_attribute(out, "locale", "en");
	soap_xml_attribute(out, "login", who->login);
	soap_xml_attribute(out, "loginCS", who->label);
	attribute_number(out, "loginId", who->id);
	soap_xml_attribute(out, "noConsoleCnx", "true");
	soap_xml_attribute(out, "orgUnitId", "0");
	soap_xml_attribute(out, "theme", "");
	soap_xml_attribute(out, "timezone", call->conf->timezone);
	soap_xml_open_end(out, false);

	soap_xml_open(out, "login-group");
	soap_xml_attribute(out, "id", "1060");
	soap_xml_open_end(out, true);
	/* An operator may have a right for several schemas; clients need each right once. */
	for (enum right r = RIGHT_ADMIN; r < RIGHT_NONE; r++)
		if (holds(who, r))
			login_right_write(out, right_name(r));
	installed_package_write(out, "nms");
	installed_package_write(out, "xtk");
	soap_xml_close(out, "userInfo");
}

void session_info_write(const struct call *call, struct buf *out)
{
	soap_xml_open(out, "sessionInfo");
	soap_xml_open_end(out, false);
	server_info_write(call, out);
	user_info_write(call, out);
	soap_xml_close(out, "sessionInfo");
}
