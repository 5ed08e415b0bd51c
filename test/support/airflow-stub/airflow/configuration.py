class conf:
    @staticmethod
    def getboolean(section, key, fallback):
        return fallback
