# What stands in for FreeBSD's own bsd.port.mk: the variables of an installation. Run with SOURCE and STAGEDIR.
PREFIX?=	/usr/local
WRKSRC=		${SOURCE}
CARGO_TARGET_DIR=	${SOURCE}/target
INSTALL_PROGRAM=	install -m 555
INSTALL_SCRIPT=		install -m 555
INSTALL_MAN=		install -m 444
# FreeBSD's sed has an argument after -i.
REINPLACE_CMD=	sh -c 'shift 2; exec sed -i "$$@"' sed
