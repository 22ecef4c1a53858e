#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# ask.pl VERB [DOMAIN [NAME=VALUE…]]: asks sim-manager over its control socket what virt-sim asks (docs/interfaces.md), and
# prints the answers, one JSON object a line. For machines where a start of Java takes long. Status 1: the manager says
# no, and why on standard error.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($verb, $domain, @more) = @ARGV;
die "usage: ask.pl VERB [DOMAIN [NAME=VALUE...]]\n" unless defined $verb;
sub quoted { my $text = shift; $text =~ s/(["\\])/\\$1/g; return "\"$text\"" }
my @members = ('"verb":' . quoted($verb));
push @members, '"domain":' . quoted($domain) if defined $domain;
push @members, map { my ($name, $value) = split /=/, $_, 2; quoted($name) . ":$value" } @more;
my $body = '{' . join(',', @members) . '}';

my $socket = IO::Socket::UNIX->new(Peer => '/run/sim-manager/sim-manager.sock') or die "ask.pl: sim-manager does not run: $!\n";
print $socket 'request ' . length($body) . "\n$body";
$socket->flush;
while (my $line = <$socket>) {
    if ($line =~ /"done":true/) {
        exit 0 unless $line =~ /"error":"(.*)"/;
        die "ask.pl: $1\n";
    }
    print $line;
}
die "ask.pl: sim-manager hung up\n";
