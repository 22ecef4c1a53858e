/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two questions the hook asks of a domain's XML before it asks anybody else.
 */
#ifndef SIM_DOMAIN_XML_H
#define SIM_DOMAIN_XML_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What any version of the namespace has in it, however its scheme was written: that a domain names
 * a wrong one, or a newer one than the manager knows, is the manager's to say.
 */
#define SIM_NAMESPACE "simvm.org/"

/* True if the text mentions SIM's namespace at all; false means that the domain is none of ours. */
bool xml_mentions_sim(const char *xml, size_t length);

/*
 * True if the domain demands SIM: an element with the local name `sim` has a `required` attribute
 * that isn't plainly `no`, or an attribute that there is none of, which may be a misspelled
 * `required`. True as well if the text can't be read: what can't be judged is not waved through. A
 * full parser isn't needed: libvirt wrote this text with libxml2, from a document it had parsed.
 */
bool xml_requires_sim(const char *xml, size_t length);

#endif
