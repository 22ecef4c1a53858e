#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# operator.sh: whoever runs a host: systemd, Prometheus, configuration that changes, sockets, maintenance, manual pages.
# shellcheck disable=SC2119 # manager_stop and manager_start do without arguments
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=SCRIPTDIR/../host/manager.sh
. "$testbed/host/manager.sh"

configuration=/etc/sim-manager/conf.d/scenario.conf
metrics=http://127.0.0.1:9476/metrics

cat >"$work/fetch" <<'END'
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())
END
fetch() { python3 "$work/fetch" "$1"; }
one_line() { equal "$1: in one line" 1 "$(grep -c . <<<"$3")"; holds "$1: a clear one" "$2" "$3"; }

# --- a domain that the manager has something to tell of -----------------------------------------------------------------------
kernel=$("$testbed/guest/kernels.sh" 6.12)
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd"
domain_define o-guest "$kernel" "$work/initrd" dimms=1
check "the element is taken up" domain_watch o-guest '<sim required="yes"><monitor name="syscalls"/><monitor name="process"/>
    <integrity interval="2" jitter="0"/></sim>'
check "the guest starts" domain_start o-guest
check "and is ready" domain_ready o-guest 240
check "and armed" reaches o-guest armed 180

# Its monitors compare addresses with the RAM that there was at boot.
plug_in_memory() {
    echo "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>" >"$work/dimm.xml"
    virsh attach-device "$1" "$work/dimm.xml" --live 2>&1
}
refused_memory() { [[ $(plug_in_memory "$1" || true) == *'under SIM: its monitors know the memory it started with'* ]]; }
check "memory can't be plugged in, and virsh says why" refused_memory o-guest

# --- maintenance ---------------------------------------------------------------------------------------------------------------
last_check() { ask status o-guest | jq -r '.lastCheck.started // ""'; }
checked_after() { [[ $(last_check) > $1 ]]; }
check "checks run on schedule" wait_until 30 checked_after ""
check "they are suspended" virt-sim suspend-checks o-guest --for 1h --reason "kernel update"
sleep 4
before=$(last_check)
sleep 5
equal "and then none runs" "$before" "$(last_check)"
holds "status says so" 'Checks: +suspended until' "$(virt-sim status o-guest)"
check "they are resumed" virt-sim resume-checks o-guest
check "and run again at once" wait_until 20 checked_after "$before"
holds "the audit trail tells who and why" 'root  suspend-checks o-guest seconds=3600 reason=kernel update: done' "$(virt-sim audit)"

# --- top -----------------------------------------------------------------------------------------------------------------------
# shellcheck disable=SC2016 # the guest expands it
guest o-guest 5 '(i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i+1)); done) & :' >/dev/null || true
said=$(virt-sim top --interval 2 -o json)
check "top counts the calls of a busy guest" jq -e '.name == "o-guest" and .callsPerSecond > 10 and .eventsPerSecond > 10 and .lastCheck.findings == 0' <<<"$said"
holds "and shows them in a table" 'o-guest +armed +(vmfunc|exit|hypercall)' "$(virt-sim top)"

# --- the sockets ---------------------------------------------------------------------------------------------------------------
useradd --system --no-create-home --shell /bin/sh o-nobody
useradd --system --no-create-home --shell /bin/sh --groups libvirt o-operator
as() { setpriv --reuid "$1" --regid "$1" --init-groups "${@:2}"; }
holds "a user who is in no group sees the domains" 'o-guest +armed' "$(as o-nobody virt-sim list 2>&1)"
said=$(as o-nobody virt-sim remove o-guest 2>&1) && status=0 || status=$?
equal "but changes nothing" 1 "$status"
one_line "and is told" "'remove' is refused on the read-only socket; use the full one: sudo, or join the control group" "$said"
said=$(as o-nobody virt-sim events o-guest 2>&1) && status=0 || status=$?
equal "and does not see what guests do" 1 "$status"
said=$(as o-nobody virt-sim list --socket /run/sim-manager/sim-manager.sock 2>&1) && status=0 || status=$?
one_line "the full socket is closed to him" 'no permission for /run/sim-manager/sim-manager.sock; use sudo or join its group' "$said"
check "a member of group libvirt may change things" as o-operator virt-sim suspend-checks o-guest --for 1m
holds "and is named in the audit trail" 'o-operator  suspend-checks o-guest' "$(virt-sim audit)"
virt-sim resume-checks o-guest >/dev/null
said=$(as o-operator virt-sim info o-guest --layout 2>&1) && status=0 || status=$?
one_line "but where the region lies is for root alone" 'only root may do this; use sudo' "$said"
rm /run/sim-manager/sim-manager.sock
check "a socket that somebody removed is made anew" wait_until 20 manager_answers
equal "as it was" "660 libvirt" "$(stat -c '%a %G' /run/sim-manager/sim-manager.sock)"

# --- configuration -------------------------------------------------------------------------------------------------------------
printf 'metrics.port = nine\nlog.level = loud\nregion.sise = 4 MiB\n' >"$configuration"
said=$(virt-sim reload 2>&1) && status=0 || status=$?
equal "a configuration with mistakes is refused" 1 "$status"
equal "every mistake is told at once" 3 "$(grep -c "$configuration" <<<"$said")"
holds "and that the old one stays in force" '3 mistakes; the old one stays in force' "$said"
equal "which it does" armed "$(sim_state o-guest)"
printf 'metrics.port = 9476\nlibvirt.uri = qemu:///session\n' >"$configuration"
said=$(virt-sim reload)
holds "what is right is put in force" 'in force: metrics' "$said"
holds "what can't be is told" 'when sim-manager is restarted: libvirt.uri' "$said"
check "metrics are served from then on" fetch "$metrics"
printf 'metrics.port = 9476\n' >"$configuration"
mark
kill -HUP "$(manager_pid)"
check "SIGHUP has it read, too" wait_until 20 hears 'configuration read again; changed: nothing'

# --- Prometheus ----------------------------------------------------------------------------------------------------------------
fetch "$metrics" >"$work/metrics"
holds "metrics tell the domain's state" "^sim_domain_state\{domain=\"o-guest\",state=\"armed\",uuid=\"$(uuid_of o-guest)\"\} 1" "$(cat "$work/metrics")"
kill -STOP "$(cat /run/libvirt/libvirtd.pid)" "$(pgrep -f -- '-name guest=o-guest,')"
check "they are told while libvirtd and QEMU hang" timeout 10 python3 "$work/fetch" "$metrics"
kill -CONT "$(cat /run/libvirt/libvirtd.pid)" "$(pgrep -f -- '-name guest=o-guest,')"

dashboard=/usr/share/sim-manager/grafana/sim-manager.json
# What Grafana would put in for its variables.
# shellcheck disable=SC2016 # the variables are Grafana's
expressions() { jq -r '.panels[].targets[].expr' "$dashboard" | sed 's/\$__rate_interval/1m/g; s/\$__range/1h/g; s/\$instance/.*/g; s/\$domain/.*/g'; }
query() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$1" | { read -r quoted; fetch "http://127.0.0.1:9477/api/v1/query?query=$quoted"; }; }
scraped() { query 'up{job="sim-manager"} == 1' | jq -e '.data.result | length == 1' >/dev/null; }
if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
    skip "Prometheus itself" "it is not installed (apt-get install prometheus)"
else
    check "promtool finds nothing to complain of" promtool check metrics <"$work/metrics"
    check "the alerting rules are rules" promtool check rules /usr/share/sim-manager/prometheus/sim-alerts.yml
    cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [/usr/share/sim-manager/prometheus/sim-alerts.yml]
scrape_configs: [{job_name: sim-manager, static_configs: [{targets: ['127.0.0.1:9476']}]}]
END
    prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/prometheus" --web.listen-address=127.0.0.1:9477 >"$HOST_LOGS/prometheus.log" 2>&1 &
    check "Prometheus scrapes the manager" wait_until 60 scraped
    sleep 4
    equal "and knows the domain as armed" o-guest "$(query 'sim_domain_state{state="armed"} == 1' | jq -r '.data.result[0].metric.domain')"
    while IFS= read -r expression; do
        check "the dashboard's expression is one: $expression" jq -e '.status == "success"' <<<"$(query "$expression" || true)"
    done < <(expressions)
    equal "no alert is raised" 0 "$(fetch http://127.0.0.1:9477/api/v1/alerts | jq '[.data.alerts[] | select(.state == "firing")] | length')"
    kill %?prometheus 2>/dev/null || true
fi

# --- a domain that was under SIM from the beginning ------------------------------------------------------------------------------
born_under_sim() { # born_under_sim NAME
    SIM_PLAIN_EMULATOR=/usr/bin/qemu-system-x86_64-sim domain_define "$1" "$kernel" "$work/initrd" sim='<sim required="yes"><monitor name="syscalls"/></sim>'
    reaches "$1" inactive 20
}
check "a domain whose emulator was the launcher from the beginning" born_under_sim o-born
check "is taken off SIM" virt-sim remove o-born
[ -e /usr/bin/qemu-system-x86_64 ] || equal "and has SIM's QEMU where libvirt has no other" /usr/lib/qemu-sim/qemu-system-x86_64 "$(emulator_of o-born)"
domain_forget o-born
[ -e /usr/bin/qemu-system-x86_64 ] || cp /usr/lib/qemu-sim/qemu-system-x86_64 /usr/bin/qemu-system-x86_64
check "likewise another domain" born_under_sim o-born
check "is taken off SIM, too" virt-sim remove o-born
equal "and has the host's own QEMU, libvirt's default" /usr/bin/qemu-system-x86_64 "$(emulator_of o-born)"
domain_forget o-born

# --- systemd -------------------------------------------------------------------------------------------------------------------
cat >"$work/systemd" <<'END'
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
    notified.bind(sys.argv[1])
    while True:
        print(notified.recv(4096).decode().replace("\n", " "), flush=True)
END
python3 "$work/systemd" "$work/notify" >"$work/notified" 2>&1 &
notifier=$!
notified() { grep -qE "$1" "$work/notified"; }
manager_stop
check "a manager starts as systemd starts it" manager_start NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=3000000
check "it says that it is ready, and what it serves" wait_until 20 notified 'READY=1 STATUS=serving qemu:///system'
check "it gives a sign of life" wait_until 20 notified 'WATCHDOG=1 STATUS=serving'
check "which says how many domains are armed" wait_until 60 notified 'WATCHDOG=1 STATUS=.* 1 of 1 domains armed'
virt-sim reload >/dev/null
check "it says that it reloads" wait_until 20 notified 'RELOADING=1 MONOTONIC_USEC=[0-9]+'
check "and is ready again" sh -c "sed '1,/RELOADING=1/d' '$work/notified' | grep -q READY=1"
manager_stop
check "and that it stops" notified 'STOPPING=1'
kill $notifier
manager_start || true

# --- schedules in a database -----------------------------------------------------------------------------------------------------
driver=$(find "$HOME/.m2/repository/com/h2database/h2" -name 'h2-*.jar' 2>/dev/null | head -n 1)
if [ -z "$driver" ]; then
    skip "schedules in a database" "Maven has not brought its driver (com.h2database:h2)"
else
    java -cp "$driver" org.h2.tools.Server -tcp -tcpPort 9478 -ifNotExists -baseDir "$work" >"$work/database" 2>&1 &
    server=$! database=jdbc:h2:tcp://127.0.0.1:9478/./schedules
    ask_database() { java -cp "$driver" org.h2.tools.Shell -url "$database" -sql "$1"; }
    make_tables() {
        java -cp "$driver:/usr/share/sim-manager/lib/*" org.h2.tools.RunScript -url "$database" \
            -script classpath:/org/quartz/impl/jdbcjobstore/tables_h2.sql
    }
    check "a database with Quartz's tables" wait_until 30 make_tables
    printf 'org.quartz.jobStore.driverDelegateClass = org.quartz.impl.jdbcjobstore.StdJDBCDelegate\norg.quartz.jobStore.dataSource = schedules\n%s = %s\n%s = %s\n' \
        org.quartz.dataSource.schedules.driver org.h2.Driver org.quartz.dataSource.schedules.URL "$database" >"$work/store.properties"
    echo "checks.store.file = $work/store.properties" >"$configuration"
    holds "a database whose driver is not there is refused, and where it belongs is told" 'org.h2.Driver.*/usr/local/share/sim-manager/lib' \
        "$(virt-sim reload 2>&1 || true)"
    mkdir -p /usr/local/share/sim-manager/lib
    cp "$driver" /usr/local/share/sim-manager/lib/
    manager_stop
    check "with the driver there, the manager starts" manager_start
    check "and takes the guest up" reaches o-guest armed 60
    stored() { ask_database 'SELECT TRIGGER_GROUP FROM QRTZ_TRIGGERS' 2>/dev/null | grep -q "$(uuid_of o-guest)"; }
    check "its schedule is in the database" wait_until 60 stored
    before=$(last_check)
    check "and its checks run by it" wait_until 30 checked_after "$before"
    mark
    : >"$configuration"
    rm -r /usr/local/share/sim-manager
    manager_stop
    equal "it ends without complaint" '' "$(told | grep -E 'WARN|ERROR|Exception' || true)"
    kill $server
    manager_start || true
    check "without a database again, checks run from memory" wait_until 60 checked_after "$(last_check)"
fi

# --- manual pages and completion -------------------------------------------------------------------------------------------------
for page in man1/virt-sim.1 man1/virt-sim-apply.1 man5/sim-manager.conf.5 man8/sim-manager.8; do
    check "there is a manual page $page" gzip -t "/usr/share/man/$page.gz"
done
verbs=$(virt-sim --help | sed -n '/^Commands/,/^$/s/^  \([a-z-]\{2,\}\) .*/\1/p' | grep -v '^help$')
for verb in $verbs; do [ -e "/usr/share/man/man1/virt-sim-$verb.1.gz" ] || echo "$verb"; done >"$work/without"
equal "and one for each of $(wc -w <<<"$verbs") verbs" "" "$(cat "$work/without")"
completed() { # completed WORD…: what bash completes of the last word
    bash -c '. /usr/share/bash-completion/completions/virt-sim; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '"\$(complete -p virt-sim | sed 's/.*-F \\([^ ]*\\).*/\\1/')"'; echo "${COMPREPLY[@]}"' bash "$@"
}
holds "bash completes verbs" 'suspend-checks' "$(completed virt-sim susp)"
holds "and options" '--reason' "$(completed virt-sim suspend-checks --r)"

guest o-guest 1 'poweroff -f' >/dev/null || true
check "the guest shuts down" domain_gone o-guest 60
domain_forget o-guest
finish
