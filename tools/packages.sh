# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The Debian 12 packages that campaign-ingest needs, and how to get what is missing.  Sourced by
# ./quickstart and ./check; the caller defines as_root and say.

packages_build="gcc make autoconf automake pkg-config libc6-dev libfcgi-dev libxml2-dev
	libmariadb-dev uuid-dev libsodium-dev libmd-dev libinih-dev uthash-dev libsmartcols-dev libsystemd-dev libcmocka-dev"
packages_run="mariadb-server mariadb-client nginx-light curl tzdata procps"
packages_style="python3 git clang-format cppcheck clang-tidy shellcheck"
packages_check="valgrind spawn-fcgi systemd mandoc openssl xz-utils tar clang libclang-rt-dev llvm devscripts
	python3-seccomp"
packages_clients="python3-zeep php-cli php-soap gsoap libgsoap-dev nodejs"
# A nodejs that is not Debian's brings npm along, and Debian's npm does not go with it.
command -v npm >/dev/null || packages_clients="$packages_clients npm"

packages_install() { # PACKAGE...
	local missing=() p
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
	done
	if [ ${#missing[@]} = 0 ]; then
		say "all packages are there"
		return 0
	fi
	say "installing: ${missing[*]}"
	# The servers that Debian's packages would start are not wanted: ours are private ones.
	local policy=/usr/sbin/policy-rc.d made=
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
		made=1
	fi
	local rc=0
	as_root apt-get update -qq &&
		as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || rc=1
	[ -z "$made" ] || as_root rm -f $policy
	return $rc
}
