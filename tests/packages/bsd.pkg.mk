# What stands in for pkgsrc's own bsd.pkg.mk: the variables of an installation, and the parts of it that are pkgsrc's.
# Run with SOURCE and DESTDIR.
PREFIX?=	/usr/pkg
PKGMANDIR=	man
RCD_SCRIPTS_DIR?=	/etc/rc.d
WRKSRC=		${SOURCE}
INSTALL_PROGRAM=	install -m 755
INSTALL_MAN=		install -m 644

install: directories do-install
	for script in ${RCD_SCRIPTS}; do \
		cp ${RCD_SCRIPT_SRC.${RCD_SCRIPTS}} ${DESTDIR}${PREFIX}/$$script; \
	done
	sed ${FILES_SUBST:S/=/@!/:S/$/!g/:S/^/ -e s!@/} ${.CURDIR}/DEINSTALL >${DESTDIR}${PREFIX}/+DEINSTALL
directories:
	cd ${WRKSRC} && sed -i ${SUBST_SED.prefix} ${SUBST_FILES.prefix}
	cd ${DESTDIR}${PREFIX} && mkdir -p ${INSTALLATION_DIRS}
.ORDER: directories do-install
