/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "transport/simulated-driver.h"

/* Errors of system calls are at most this: MAX_ERRNO of include/linux/err.h. */
#define ERRNO_MAX 4095
/* Return codes of devices are 16 bits wide. */
#define STATUS_MAX 0xffff

static const char *const kinds[FAULT_KIND_MAX] = {
	[FAULT_ERRNO] = "errno",
	[FAULT_STATUS] = "status",
	[FAULT_HANG_MS] = "hang-ms",
	[FAULT_UNPLUG] = "unplug",
	[FAULT_FALSE_SUCCESS] = "false-success",
};

static int fail(struct fault_problem *problem, const char *key, const char *format, ...)
	PRINTF(3, 4);

static int fail(struct fault_problem *problem, const char *key, const char *format, ...)
{
	va_list arguments;

	problem->key = key;
	va_start(arguments, format);
	vsnprintf(problem->words, sizeof(problem->words), format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int number_from_text(const char *text, uint32_t most, uint32_t *ret)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 0);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || number > most)
		return -EINVAL;
	*ret = (uint32_t)number;
	return 0;
}

static int errno_from_name(const char *name, uint32_t *ret)
{
	for (uint32_t number = 1; number <= ERRNO_MAX; number++) {
		const char *known = strerrorname_np((int)number);

		if (known && strcmp(known, name) == 0) {
			*ret = number;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_command(struct fault *fault, const struct simulated_driver *driver,
			const char *command, struct fault_problem *problem)
{
	const char *const *known = driver->commands;

	while (*known && strcmp(*known, command) != 0)
		known++;
	if (!*known)
		return fail(problem, "command",
			    "is not a command of a %s device; use %s, for example",
			    device_type_to_string(driver->type), driver->commands[0]);
	fault->command = *known;
	return 0;
}

static int read_kind(struct fault *fault, const char *kind, struct fault_problem *problem)
{
	for (size_t i = 0; i < FAULT_KIND_MAX; i++)
		if (strcmp(kinds[i], kind) == 0) {
			fault->kind = (enum fault_kind)i;
			return 0;
		}
	return fail(problem, "do",
		    "is not a fault; use errno, status, hang-ms, unplug or false-success");
}

static int read_value(struct fault *fault, const struct simulated_driver *driver, const char *value,
		      struct fault_problem *problem)
{
	bool needs_value = fault->kind == FAULT_ERRNO || fault->kind == FAULT_STATUS ||
			   fault->kind == FAULT_HANG_MS;

	if (needs_value && !value)
		return fail(problem, "value", "is missing; add what '%s' needs",
			    kinds[fault->kind]);
	if (fault->kind == FAULT_FALSE_SUCCESS && value)
		return fail(problem, "value", "has no meaning for '%s'; remove it",
			    kinds[fault->kind]);
	if (fault->kind == FAULT_ERRNO && errno_from_name(value, &fault->number) < 0)
		return fail(problem, "value", "is not the name of an errno; use EIO, for example");
	if (fault->kind == FAULT_STATUS &&
	    number_from_text(value, STATUS_MAX, &fault->number) < 0 &&
	    driver->status_from_name(value, &fault->number) < 0)
		return fail(problem, "value",
			    "is neither a status of a %s device nor a number from 0 to %u; use "
			    "the specification's name or its number",
			    device_type_to_string(driver->type), STATUS_MAX);
	if (fault->kind == FAULT_UNPLUG && !value)
		fault->number = SIMULATED_FOR_GOOD;
	else if ((fault->kind == FAULT_HANG_MS || fault->kind == FAULT_UNPLUG) &&
		 number_from_text(value, SIMULATED_DELAY_MAX_MS, &fault->number) < 0)
		return fail(problem, "value", "is not a number of milliseconds from 0 to %u",
			    SIMULATED_DELAY_MAX_MS);
	return 0;
}

static int read_fault(struct fault *fault, const struct simulated_driver *driver,
		      const struct simulated_fault *spec, struct fault_problem *problem)
{
	int r;

	fault->calls_left = spec->call;
	r = read_command(fault, driver, spec->command, problem);
	if (r < 0)
		return r;
	r = read_kind(fault, spec->kind, problem);
	if (r < 0)
		return r;
	return read_value(fault, driver, spec->value, problem);
}

int fault_add(struct fault **list, const struct simulated_driver *driver,
	      const struct simulated_fault *spec, struct fault_problem *problem)
{
	CLEANUP(freep) struct fault *fault = NULL;
	int r;

	fault = calloc(1, sizeof(*fault));
	if (!fault)
		return -ENOMEM;
	r = read_fault(fault, driver, spec, problem);
	if (r < 0)
		return r;
	while (*list)
		list = &(*list)->next;
	*list = take_pointer(fault);
	return 0;
}

/* Adds what @fault does to what the call has in store. The first one that decides has decided. */
static void apply(const struct fault *fault, struct fault_verdict *verdict)
{
	if (fault->kind == FAULT_HANG_MS) {
		verdict->hang_ms += fault->number;
		return;
	}
	if (verdict->decided)
		return;
	verdict->decided = true;
	verdict->kind = fault->kind;
	verdict->number = fault->number;
}

struct fault_verdict fault_take(struct fault **list, const char *command)
{
	struct fault_verdict verdict = { 0 };

	while (*list) {
		struct fault *fault = *list;
		bool concerned = strcmp(fault->command, command) == 0;

		if (concerned && fault->calls_left <= 1)
			apply(fault, &verdict);
		if (concerned && fault->calls_left == 1) {
			*list = fault->next;
			free(fault);
			continue;
		}
		if (concerned && fault->calls_left > 1)
			fault->calls_left--;
		list = &fault->next;
	}
	return verdict;
}

void fault_free_all(struct fault *list)
{
	while (list) {
		struct fault *next = list->next;

		free(list);
		list = next;
	}
}
