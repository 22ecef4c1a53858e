// SPDX-License-Identifier: GPL-2.0-or-later
// CloudStack's agent runs this for each VM that it is about to start and uses what `transform` returns as the domain's XML. An exception
// makes the agent go on with the XML as it was: libvirt's hook then refuses a domain that requires SIM.

class SimTransformer {
    static final List<String> COMMAND = [System.getenv('VIRT_SIM') ?: '/usr/bin/virt-sim', 'transform', '--element',
        System.getenv('SIM_PROFILE') ?: '/etc/sim-manager/profiles.d/default.xml', '-']

    String transform(Object logger, Object xml) {
        Process process = COMMAND.execute()
        StringBuffer output = new StringBuffer(), error = new StringBuffer()
        process.consumeProcessOutput(output, error)
        process.withOutputStream { it.write(xml.toString().getBytes('UTF-8')) }
        process.waitForProcessOutput()
        if (process.exitValue() != 0) {
            logger.error('not under SIM: ' + error.toString().trim())
            throw new IllegalStateException(error.toString().trim())
        }
        return output.toString()
    }
}

new SimTransformer()
