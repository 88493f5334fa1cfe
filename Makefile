# orakeyd. `make help` lists the tasks.

SWIFT ?= $(shell command -v swift || ls -d /opt/swift*/usr/bin/swift /usr/libexec/swift/*/bin/swift 2>/dev/null | tail -n 1)
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?=

# What `make install` puts where, and `make uninstall` removes.
BIN = $(DESTDIR)$(PREFIX)/bin
LIBEXEC = $(DESTDIR)$(PREFIX)/libexec/orakeyd
SHARE = $(DESTDIR)$(PREFIX)/share/orakeyd
DOC = $(DESTDIR)$(PREFIX)/share/doc/orakeyd
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd
MAN = $(DESTDIR)$(PREFIX)/share/man
BASH = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
# The programs that make their own completions, each with the one that knows its options.
COMPLETED = orakey:orakey-cli orakeyd:orakeyd

RELEASE = .build/release
ARCHIVE = orakeyd-$(shell git describe --always --dirty)-$(shell uname -m)
SWIFT_BUILD = "$(SWIFT)" build $(if $(JOBS),--jobs $(JOBS))

export SWIFT

.DEFAULT_GOAL := help
.PHONY: help toolchain deps build release test lint bench demo deb install uninstall clean
# Two of these at once would fight over .build.
.NOTPARALLEL:

help: ## list the tasks
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

deps: ## install the Debian packages that are missing (with sudo when not root)
	@etc/scripts/deps all

toolchain:
	@test -n "$(SWIFT)" || { echo 'There is no swift in PATH. Install Swift 6.2 or newer from https://www.swift.org/install/linux/' >&2; exit 69; }

build: toolchain ## build orakeyd, orakey and orakey-cli for release
	@etc/scripts/deps build
	ORAKEY_STATIC=1 $(SWIFT_BUILD) --configuration release --static-swift-stdlib --disable-local-rpath

test: toolchain ## run every test, from a clean clone on
	@etc/scripts/deps test
	@etc/scripts/test

lint: toolchain ## check formatting, shell scripts, Python and the house rules
	@etc/scripts/deps lint
	@etc/scripts/lint

bench: toolchain ## measure against the peers of the design
	@etc/scripts/deps test
	@etc/scripts/deps bench
	@etc/scripts/bench

demo: toolchain ## show the whole way on a private chain (KEEP=1 leaves it running)
	@etc/scripts/deps demo
	@etc/scripts/demo

release: build ## pack what `make install` installs into dist/
	rm -rf dist/root
	$(MAKE) -s install DESTDIR=dist/root PREFIX=/usr/local
	tar -C dist/root --owner=0 --group=0 --sort=name --mtime=@$$(git log -1 --format=%ct) -czf dist/$(ARCHIVE).tar.gz usr
	rm -rf dist/root
	cd dist && sha256sum $(ARCHIVE).tar.gz | tee $(ARCHIVE).tar.gz.sha256

deb: build ## pack what `make install` installs as a Debian package into dist/
	@etc/scripts/deps deb
	@etc/scripts/deb

install: ## install what `make build` made, below DESTDIR and PREFIX
	@test -x $(RELEASE)/orakeyd || { echo 'Nothing is built yet; run: make build' >&2; exit 69; }
	install -d $(BIN) $(LIBEXEC) $(SHARE)/contracts-abi $(DOC)/examples/gateway $(UNITS)/system $(UNITS)/user
	install -d $(MAN)/man1 $(MAN)/man5 $(MAN)/man8 $(BASH) $(ZSH) $(FISH)
	install -d $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d $(SHARE)/grafana $(SHARE)/prometheus
	install -m 755 $(RELEASE)/orakeyd $(RELEASE)/orakey $(RELEASE)/orakey-gateway $(BIN)
	install -m 755 $(RELEASE)/orakey-cli $(LIBEXEC)
	install -m 755 etc/orakey-revoke $(BIN)
	install -m 644 contracts-abi/ApiKeys.* $(SHARE)/contracts-abi
	install -m 644 README.md CHANGELOG.md LICENSE $(DOC)
	install -m 644 etc/orakeyd.yaml etc/systemd/drop-ins/match-executables.conf $(DOC)/examples
	install -m 644 etc/gateway/* $(DOC)/examples/gateway
	install -m 644 etc/grafana/orakeyd.json $(SHARE)/grafana
	install -m 644 etc/prometheus/orakeyd.rules.yml $(SHARE)/prometheus
	install -m 644 etc/sysusers.d/orakeyd.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 644 etc/tmpfiles.d/orakeyd.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 644 etc/man/orakey.1 etc/man/orakey-revoke.1 $(MAN)/man1
	install -m 644 etc/man/orakeyd.yaml.5 $(MAN)/man5
	install -m 644 etc/man/orakeyd.8 etc/man/orakey-gateway.8 $(MAN)/man8
	sed 's|@PREFIX@|$(PREFIX)|' etc/systemd/system/orakeyd.service >$(UNITS)/system/orakeyd.service
	sed 's|@PREFIX@|$(PREFIX)|' etc/systemd/system/orakey-gateway.service >$(UNITS)/system/orakey-gateway.service
	install -m 644 etc/systemd/system/*.socket $(UNITS)/system
	sed 's|@PREFIX@|$(PREFIX)|' etc/systemd/user/orakeyd.service >$(UNITS)/user/orakeyd.service
	set -e; for pair in $(COMPLETED); do name=$${pair%:*}; maker=$(RELEASE)/$${pair#*:}; \
		$$maker --generate-completion-script bash >$(BASH)/$$name; \
		$$maker --generate-completion-script zsh >$(ZSH)/_$$name; \
		$$maker --generate-completion-script fish >$(FISH)/$$name.fish; \
	done

uninstall: ## remove what `make install` installed; configuration, wallets and state stay
	rm -f $(BIN)/orakeyd $(BIN)/orakey $(BIN)/orakey-revoke $(BIN)/orakey-gateway
	rm -f $(UNITS)/system/orakeyd*.s* $(UNITS)/system/orakey-gateway.service $(UNITS)/user/orakeyd.service
	rm -f $(MAN)/man1/orakey.1 $(MAN)/man1/orakey-revoke.1 $(MAN)/man5/orakeyd.yaml.5 $(MAN)/man8/orakeyd.8 $(MAN)/man8/orakey-gateway.8
	rm -f $(foreach pair,$(COMPLETED),$(foreach name,$(firstword $(subst :, ,$(pair))),$(BASH)/$(name) $(ZSH)/_$(name) $(FISH)/$(name).fish))
	rm -f $(DESTDIR)$(PREFIX)/lib/sysusers.d/orakeyd.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/orakeyd.conf
	rm -rf $(LIBEXEC) $(SHARE) $(DOC)

clean: ## remove what was built, the Python environments included
	rm -rf .build .venv* .swiftpm dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
