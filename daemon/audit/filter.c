/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/json.h"

#define TIME_LENGTH (AUDIT_TIME_SIZE - 1)
#define DATE_LENGTH (sizeof("2026-11-25") - 1)
#define SHORTEST_TIME_LENGTH (sizeof("2026-11-25T21:29:02Z") - 1)

/* What each line begins with; borrowed from it, without NULs. */
struct head {
	const char *type;
	size_t type_length;
	const char *time; /* TIME_LENGTH bytes */
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Whether there is such a day. */
static bool is_date(const char *text)
{
	struct tm date = { 0 }, same;
	int year, month;

	sscanf(text, "%4d-%2d-%2d", &year, &month, &date.tm_mday);
	date.tm_year = year - 1900;
	date.tm_mon = month - 1;
	same = date;
	/* Makes the 31st of June the 1st of July. */
	timegm(&same);
	return same.tm_mday == date.tm_mday && same.tm_mon == date.tm_mon;
}

/* The last second of a day may be a leap second. */
static bool is_time_of_day(const char *text)
{
	int hour, minute, second;

	sscanf(text, "%2d:%2d:%2d", &hour, &minute, &second);
	return hour <= 23 && minute <= 59 && second <= 60;
}

int audit_filter_read_time(const char *text, char ret[AUDIT_TIME_SIZE])
{
	static const char pattern[] = "0000-00-00T00:00:00.000000Z";
	const size_t length = strlen(text);
	char full[AUDIT_TIME_SIZE];

	_Static_assert(sizeof(pattern) == AUDIT_TIME_SIZE, "as a record has it");
	memcpy(full, pattern, sizeof(full));
	if (length == DATE_LENGTH)
		memcpy(full, text, length);
	else if (length < SHORTEST_TIME_LENGTH || length > TIME_LENGTH || text[length - 1] != 'Z' ||
		 text[length - 2] == '.')
		return -EINVAL;
	else
		memcpy(full, text, length - 1);
	for (size_t i = 0; i < TIME_LENGTH; i++)
		if (pattern[i] == '0' ? !is_digit(full[i]) : full[i] != pattern[i])
			return -EINVAL;
	if (!is_date(full) || !is_time_of_day(full + DATE_LENGTH + 1))
		return -EINVAL;
	memcpy(ret, full, sizeof(full));
	return 0;
}

/* Where the line goes on behind @literal; NULL when that is not what is there, or @at is NULL. */
static const char *skip(const char *at, const char *end, const char *literal)
{
	const size_t length = strlen(literal);

	if (!at || (size_t)(end - at) < length || memcmp(at, literal, length) != 0)
		return NULL;
	return at + length;
}

static bool read_head(const char *line, size_t size, struct head *ret)
{
	const char *end = line + size, *at = skip(line, end, "{\"v\":1,\"seq\":");

	while (at && at < end && is_digit(*at))
		at++;
	at = skip(at, end, ",\"type\":\"");
	if (!at)
		return false;
	ret->type = at;
	while (at < end && *at >= 'a' && *at <= 'z')
		at++;
	ret->type_length = (size_t)(at - ret->type);
	ret->time = skip(at, end, "\",\"time\":\"");
	return ret->time && (size_t)(end - ret->time) > TIME_LENGTH &&
	       ret->time[TIME_LENGTH] == '"';
}

static bool takes_head(const struct audit_filter *filter, const struct head *head)
{
	if (filter->type >= 0) {
		const char *type = audit_type_to_string((enum audit_type)filter->type);

		if (strlen(type) != head->type_length ||
		    memcmp(type, head->type, head->type_length) != 0)
			return false;
	}
	if (filter->since[0] && memcmp(head->time, filter->since, TIME_LENGTH) < 0)
		return false;
	return !filter->until[0] || memcmp(head->time, filter->until, TIME_LENGTH) < 0;
}

static bool is_wanted(const char *text)
{
	return text && text[0];
}

/* Whether a record that holds @text holds it as it is: neither JSON nor the log escapes or replaces
 * anything of it. */
static bool is_plain(const char *text)
{
	while (*text >= ' ' && *text <= '~' && *text != '"' && *text != '\\')
		text++;
	return *text == '\0';
}

/* Not by memmem(): of the two, glibc has the faster strstr(). */
static bool may_hold(const char *line, const char *text)
{
	return !is_wanted(text) || !is_plain(text) || strstr(line, text);
}

/* Without parsing: false when the filter cannot take the line. */
static bool may_match(const struct audit_filter *filter, const char *line)
{
	char uid[40] = "";

	if (filter->uid >= 0)
		snprintf(uid, sizeof(uid), "\"uid\":%" PRId64, filter->uid);
	return strstr(line, uid) && may_hold(line, filter->request) &&
	       may_hold(line, filter->device) && may_hold(line, filter->command);
}

/* The string member @key; NULL when there is none. */
static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool has_text(struct json_object *object, const char *key, const char *wanted)
{
	const char *text = text_of(object, key);

	return !is_wanted(wanted) || (text && strcmp(text, wanted) == 0);
}

static bool has_parent(struct json_object *device, const char *wanted)
{
	const char *parent = text_of(device, "parent"), *slash;

	if (!parent)
		return false;
	slash = strrchr(parent, '/');
	return strcmp(slash ? slash + 1 : parent, wanted) == 0;
}

static bool is_device(struct json_object *device, const char *wanted)
{
	return !is_wanted(wanted) || has_text(device, "name", wanted) ||
	       has_text(device, "serial", wanted) || has_parent(device, wanted);
}

static bool has_uid(struct json_object *peer, int64_t wanted)
{
	struct json_object *uid;

	if (wanted < 0)
		return true;
	return json_object_object_get_ex(peer, "uid", &uid) &&
	       json_object_is_type(uid, json_type_int) && json_object_get_int64(uid) == wanted;
}

static bool takes_record(const struct audit_filter *filter, struct json_object *record)
{
	struct json_object *device = NULL, *command = NULL, *peer = NULL;

	json_object_object_get_ex(record, "device", &device);
	json_object_object_get_ex(record, "command", &command);
	json_object_object_get_ex(record, "peer", &peer);
	return has_text(record, "request", filter->request) && is_device(device, filter->device) &&
	       has_text(command, "name", filter->command) && has_uid(peer, filter->uid);
}

/* Whether type and time say all that is asked for. */
static bool head_decides(const struct audit_filter *filter)
{
	return filter->uid < 0 && !is_wanted(filter->device) && !is_wanted(filter->command) &&
	       !is_wanted(filter->request);
}

int audit_filter_match(const struct audit_filter *filter, const char *line, size_t size)
{
	CLEANUP(json_putp) struct json_object *record = NULL;
	struct json_problem problem;
	struct head head;
	int r;

	if (!read_head(line, size, &head))
		return -EBADMSG;
	if (!takes_head(filter, &head))
		return 0;
	if (head_decides(filter))
		return 1;
	if (!may_match(filter, line))
		return 0;
	r = json_parse("audit record", line, size, &problem, &record);
	if (r == -EINVAL)
		return -EBADMSG;
	return r < 0 ? r : takes_record(filter, record);
}
