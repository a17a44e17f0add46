/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verbs of fwctl, one file each; main.c has the table. A verb gets the words behind it, as many
 * as its row allows, prints its data on stdout, and returns as report.h says.
 */

#include <stddef.h>

struct client;

int verb_list(struct client *client, char *const words[], size_t n);
int verb_show(struct client *client, char *const words[], size_t n);
int verb_features(struct client *client, char *const words[], size_t n);
int verb_get(struct client *client, char *const words[], size_t n);
int verb_set(struct client *client, char *const words[], size_t n);
int verb_explain(struct client *client, char *const words[], size_t n);
int verb_rpc(struct client *client, char *const words[], size_t n);
int verb_audit(struct client *client, char *const words[], size_t n);
int verb_audit_show(struct client *client, char *const words[], size_t n);
int verb_audit_revert(struct client *client, char *const words[], size_t n);
int verb_audit_seal_setup(struct client *client, char *const words[], size_t n);
int verb_audit_verify(struct client *client, char *const words[], size_t n);
int verb_audit_follow(struct client *client, char *const words[], size_t n);
int verb_catalog_show(struct client *client, char *const words[], size_t n);
int verb_catalog_lint(struct client *client, char *const words[], size_t n);
int verb_catalog_page(struct client *client, char *const words[], size_t n);
int verb_status(struct client *client, char *const words[], size_t n);
