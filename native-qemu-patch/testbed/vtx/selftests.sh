#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# selftests.sh: for run-l1.sh: runs each KVM selftest in /selftests, and tells vtx.sh how it ended:
#
#   vtx: start TEST        vtx: end TEST STATUS
echo always >/sys/kernel/mm/transparent_hugepage/enabled
# Huge pages that the mitigation for iTLB multihit makes not executable: see sim_memslots_test.
echo "vtx: kernel $(uname -r), nx_huge_pages $(cat /sys/module/kvm/parameters/nx_huge_pages)"
for test in /selftests/*; do
    name=${test##*/}
    echo "vtx: start $name"
    timeout 120 "$test" 2>&1
    echo "vtx: end $name $?"
done
