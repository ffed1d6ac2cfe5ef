# What stands in for FreeBSD's own bsd.port.mk and cargo.mk: the variables of an installation. Run with SOURCE and
# STAGEDIR.
PREFIX?=	/usr/local
WRKSRC=		${SOURCE}
# As Mk/Uses/cargo.mk: the list of crates is read if it is there, and the target has a directory of its own.
.sinclude "${.CURDIR}/Makefile.crates"
CARGO_TARGET_DIR=	${SOURCE}/target
CARGO_BUILD_TARGET?=	x86_64-unknown-freebsd
INSTALL_PROGRAM=	install -m 555
INSTALL_SCRIPT=		install -m 555
INSTALL_MAN=		install -m 444
# FreeBSD's sed has an argument after -i.
REINPLACE_CMD=	sh -c 'shift 2; exec sed -i "$$@"' sed
