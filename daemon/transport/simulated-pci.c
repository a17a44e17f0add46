/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "transport/simulated-driver.h"

#define SLOT_MAX 0x1f
#define FUNCTION_MAX 7

int simulated_pci_host(const char *parent, char ret[SIMULATED_HOST_SIZE])
{
	char canonical[SIMULATED_HOST_SIZE];
	unsigned domain, bus, slot, function;

	if (sscanf(parent, "%8x:%2x:%2x.%1u", &domain, &bus, &slot, &function) != 4 ||
	    slot > SLOT_MAX || function > FUNCTION_MAX)
		return -EINVAL;
	/* The kernel's own spelling, and no other: pci_name() of drivers/pci/probe.c. */
	snprintf(canonical, sizeof(canonical), "%04x:%02x:%02x.%u", domain, bus, slot, function);
	if (strcmp(canonical, parent) != 0)
		return -EINVAL;
	snprintf(ret, SIMULATED_HOST_SIZE, "%s", canonical);
	return 0;
}
