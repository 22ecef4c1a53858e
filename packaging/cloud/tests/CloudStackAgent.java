// SPDX-License-Identifier: GPL-2.0-or-later

import groovy.lang.Binding;
import groovy.lang.GroovyObject;
import groovy.util.GroovyScriptEngine;
import java.nio.charset.StandardCharsets;

/** Runs the hook of a folder as CloudStack's agent does: the script's value is an object, whose method is called with a logger and the XML. */
public final class CloudStackAgent {
    /** Takes messages as log4j's logger does. */
    public static final class Logger {
        /** Takes one. */
        public void error(Object message) {
            System.err.println(message);
        }
    }

    private CloudStackAgent() {
    }

    public static void main(String[] arguments) throws Exception {
        GroovyObject hook = (GroovyObject) new GroovyScriptEngine(arguments[0]).run("libvirt-vm-xml-transformer.groovy", new Binding());
        String xml = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        System.out.print(hook.invokeMethod("transform", new Object[] {new Logger(), xml}));
    }
}
