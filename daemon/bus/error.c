/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/error.h"

#include <stdio.h>

void error_name(enum refusal_code code, char ret[ERROR_NAME_SIZE])
{
	if (code == REFUSAL_NONE)
		ret[0] = '\0';
	else if (code == REFUSAL_STOPPING)
		snprintf(ret, ERROR_NAME_SIZE, "%s", SD_BUS_ERROR_DISCONNECTED);
	else
		snprintf(ret, ERROR_NAME_SIZE, "org.fwctl.Broker1.Error.%s",
			 refusal_code_name(code));
}

void error_from_refusal(const struct refusal *refusal, sd_bus_error *error)
{
	char name[ERROR_NAME_SIZE];

	error_name(refusal->code, name);
	sd_bus_error_set(error, name, refusal->message);
}
